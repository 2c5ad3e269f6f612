"""`make bench-load`: many people at once, against the least the portal can answer, measured in the same run.

A whole stack of its own, two gunicorn workers. So many users, each waiting for an answer before asking again: the
health page (no database, no session), a dossier, the list of dossiers, and submissions with their audit events. Rounds
of each follow one another in turn, so that whatever else the machine does weighs on all. The last line printed is JSON.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from hdh_portal.devstack.stack import Stack
from tests.benchmarks.common import Bar, bar, keep
from tests.support.portal import RESEARCHER, Portal, uuid_in

BARS = {"dossier": 0.12, "list": 0.06, "submit": 0.05}
LISTED = 25
TOKEN = "t" * 32


def main() -> int:
    """Measure, print, keep; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=25 * (os.cpu_count() or 1))
    parser.add_argument("--seconds", type=float, default=6, help="of each kind in each round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hdh-load-") as place, Stack(Path(place) / "var", people=500) as stack:
        return _measured(stack, options)


def _measured(stack: Stack, options: argparse.Namespace) -> int:
    portal = Portal(stack)
    dossier = portal.complete_draft()
    jar = {cookie.name: cookie.value or "" for cookie in portal.visitor(RESEARCHER).cookies}
    drafts = _drafts(stack, uuid_in(dossier), LISTED + int(options.rounds * options.seconds * 200))
    shown, to_submit = f"{stack.portal_url}{dossier}", iter(drafts[LISTED:])
    found = asyncio.run(_rounds(options, stack.portal_url, shown, to_submit, jar))
    return keep("load", list(_judged(found)), {"users": options.users, **_details(found)})


def _drafts(stack: Stack, template: str, count: int) -> list[str]:
    """Copies of a complete draft, ready to be submitted: gives their identifiers."""
    os.environ["DATABASE_URL"] = stack.layout.migration_url
    os.environ["DJANGO_SETTINGS_MODULE"] = "hdh_portal.settings.test"
    import django

    django.setup()
    from apps.applications.models import Application
    from tests.benchmarks.crowd import Copies

    Copies((template,), 1, count, doubles=1).make()
    return [str(pk) for pk in Application.objects.exclude(pk=template).values_list("pk", flat=True)]


Kind = tuple[str, str, Callable[[], str], dict[str, str] | None]


async def _rounds(
    options: argparse.Namespace, base: str, shown: str, to_submit: Iterator[str], jar: dict[str, str]
) -> dict[str, list[list[float]]]:
    """For each kind, for each round, how long every answer took, in seconds."""
    kinds: list[Kind] = [
        ("least", "GET", lambda: f"{base}/healthz", None),
        ("dossier", "GET", lambda: shown, None),
        ("list", "GET", lambda: f"{base}/dossiers/", None),
        ("submit", "POST", lambda: f"{base}/dossiers/{next(to_submit)}/deposer/", {"version": "1"}),
    ]
    found: dict[str, list[list[float]]] = {name: [] for name, *_ in kinds}
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in {**jar, "csrftoken": TOKEN}.items())}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        for turn in range(options.rounds + 1):
            for kind in kinds:
                times = await _load(session, kind, options.users, options.seconds if turn else 1)
                if turn:  # the first warms up
                    found[kind[0]].append(times)
    return found


async def _load(session: aiohttp.ClientSession, kind: Kind, users: int, seconds: float) -> list[float]:
    deadline = time.perf_counter() + seconds
    times: list[float] = []

    async def user() -> None:
        _, method, address, data = kind
        while time.perf_counter() < deadline:
            begun = time.perf_counter()
            # The server may close a connection it had kept open at the very moment it is used again.
            with suppress(aiohttp.ServerDisconnectedError):
                await _ask(session, method, address(), data)
                times.append(time.perf_counter() - begun)

    await asyncio.gather(*(user() for _ in range(users)))
    return [*times, seconds]


async def _ask(session: aiohttp.ClientSession, method: str, url: str, data: dict[str, str] | None) -> None:
    body = {**data, "csrfmiddlewaretoken": TOKEN} if data else None
    async with session.request(method, url, data=body, allow_redirects=False) as answer:
        text = await answer.text()
        expected = 302 if data else 200
        assert answer.status == expected, f"{url}: {answer.status} {re.sub(r'<[^>]+>', ' ', text)[:400]}"


def _rate(times: list[float]) -> float:
    *taken, seconds = times
    return len(taken) / seconds


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times[:-1], n=20)[-1]


def _judged(found: dict[str, list[list[float]]]) -> Iterator[Bar]:
    """Ratios within each round, the median of the rounds."""
    for name, least in BARS.items():
        ratios = [_rate(own) / _rate(base) for own, base in zip(found[name], found["least"], strict=True)]
        yield bar(f"{name}, throughput against the least", statistics.median(ratios), least, "x")


def _details(found: dict[str, list[list[float]]]) -> dict[str, Any]:
    return {
        name: {
            "per_second": [round(_rate(times), 1) for times in rounds],
            "p95_ms": [round(_p95(times) * 1000, 1) for times in rounds],
        }
        for name, rounds in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
