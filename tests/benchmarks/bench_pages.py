"""`make bench-pages`: every page that each role may open, with few and with very many dossiers behind it.

Real pages through Django's own request handling, warm, medians. The dossiers are copies of those of the permission
matrix; whatever page is added there is measured here. The last line printed is the result in JSON.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.common import Bar, bar, database, keep

QUERIES, MILLISECONDS, KIBIBYTES = 12, 60, 60
QUEUE_MILLISECONDS, SEARCH_MILLISECONDS = 100, 50
MEMBERS = 10
VISITORS_LEFT_OUT = {"one_factor", "timed_out", "deactivated", "former_steward"}
# Files and endless answers are no pages.
NO_PAGES = ("attachment", "export", "download", "pdf", "zip", "json", "csv", "feed", "options")


@dataclass(frozen=True)
class Seen:
    """One page as one visitor saw it at one volume."""

    page: str
    visitor: str
    queries: int
    milliseconds: float
    kibibytes: float


def main() -> int:
    """Measure, print, keep; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=int(os.environ.get("PROJECTS", "10000")))
    parser.add_argument("--queue", type=int, default=100_000, help="dossiers behind the stewards' queue and search")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with database() as url, tempfile.TemporaryDirectory() as place:
        os.environ["DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "hdh_portal.settings.test"
        bars, details = _measure(options, Path(place))
    return keep("pages", bars, details)


def _measure(options: argparse.Namespace, place: Path) -> tuple[list[Bar], dict[str, Any]]:
    import django

    django.setup()
    import logging

    from django.core.management import call_command
    from django.test import override_settings

    call_command("migrate", verbosity=0)
    logging.disable()
    with override_settings(MEDIA_DIR=place, ALLOWED_HOSTS=["*"]):
        return _pages(options)


def _pages(options: argparse.Namespace) -> tuple[list[Bar], dict[str, Any]]:
    from django.db import transaction

    from tests.benchmarks.crowd import Copies, crowd_join
    from tests.permissions.matrix import Matrix
    from tests.permissions.world import world_made

    with transaction.atomic():
        world = world_made()
        templates = _templates(world)
        crowd_join(templates, MEMBERS)
    matrix = Matrix(world)
    few = list(_look(matrix, options.repeats))
    made = _grow(Copies, templates, 0, options.projects)
    many = list(_look(matrix, options.repeats))
    made = _grow(Copies, templates, made, options.queue)
    queue = [seen for seen in _look(matrix, options.repeats, only=_is_queue) if seen.visitor == "steward"]
    found = list(_search(world, options.repeats))
    return _judged(few, many, queue, found), {
        "projects": options.projects,
        "queue": options.queue,
        "pages": [vars(seen) for seen in many],
        "queue_pages": [vars(seen) for seen in queue],
        "search": [vars(seen) for seen in found],
    }


def _templates(world: Any) -> tuple[str, ...]:
    """Dossiers in every state: the copies are spread over the states as these are."""
    return tuple(dossier.ids["application_id"] for (team, _), dossier in world.dossiers.items() if team == "ours")


def _grow(copies: Any, templates: tuple[str, ...], made: int, wanted: int) -> int:
    """Copy until there are so many; gives how many numbers were used."""
    until = -(-wanted // len(templates))
    begun = time.monotonic()
    if until > made:
        copies(templates, made + 1, until).make()
    print(f"{until * len(templates)} dossiers in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return max(made, until)


def _is_queue(name: str) -> bool:
    return "queue" in name


def _look(matrix: Any, repeats: int, only: Any = None) -> Iterator[Seen]:
    from tests.permissions.addresses import addresses
    from tests.permissions.expectation import Expected

    for address in addresses():
        if "GET" not in address.action.methods or any(part in address.name for part in NO_PAGES):
            continue
        if only and not only(address.name):
            continue
        for visitor in matrix.world.visitors.values():
            if visitor.name in VISITORS_LEFT_OUT:
                continue
            for position in ("own", "foreign", ""):
                if position not in matrix.positions(address):
                    continue
                call = matrix.call(address, "GET", visitor, position)
                if call and call.expected is Expected.ALLOWED:
                    yield from _timed(address.name, visitor, address.path(call.ids), repeats)
                    break


def _search(world: Any, repeats: int) -> Iterator[Seen]:
    from django.urls import reverse

    steward = world.visitors["steward"]
    for text in ("approved", "HDH-2020-000500", "hospital"):
        yield from _timed(f"search {text}", steward, f"{reverse('applications:queue')}?q={text}", repeats)


def _timed(name: str, visitor: Any, path: str, repeats: int) -> Iterator[Seen]:
    from django.db import connection

    from tests.permissions.asking import ask
    from tests.permissions.payloads import Payload

    times, count, size = [], 0, 0
    for turn in range(repeats + 2):
        queries: list[str] = []

        def note(execute: Any, sql: str, *rest: Any, queries: list[str] = queries) -> Any:
            queries.append(sql)
            return execute(sql, *rest)

        begun = time.perf_counter()
        with connection.execute_wrapper(note):
            answer = ask(visitor, "GET", path, Payload())
        taken = (time.perf_counter() - begun) * 1000
        if answer.status != 200:
            return  # sent elsewhere: no page of its own
        if turn > 1:
            times.append(taken)
        count, size = len(queries), len(answer.said)
    yield Seen(name, visitor.name, count, round(statistics.median(times), 1), round(size / 1024, 1))


def _judged(few: list[Seen], many: list[Seen], queue: list[Seen], found: list[Seen]) -> list[Bar]:
    before = {(seen.page, seen.visitor): seen.queries for seen in few}
    more = [seen for seen in many if seen.queries > before.get((seen.page, seen.visitor), seen.queries)]
    at_rest = {seen.page: seen.queries for seen in many if seen.visitor == "steward"}
    for seen in sorted(many, key=lambda one: -one.milliseconds)[:8]:
        print(f"slowest: {seen}", file=sys.stderr)
    for seen in sorted(many, key=lambda one: -one.queries)[:8]:
        print(f"most statements: {seen}", file=sys.stderr)
    grown = [seen for seen in queue if seen.queries != at_rest.get(seen.page)]
    return [
        bar("statements of the page with most", max(seen.queries for seen in many), QUERIES, "", at_most=True),
        bar("pages with more statements at the volume", len(more), 0, "pages", at_most=True),
        bar("slowest page, median", max(seen.milliseconds for seen in many), MILLISECONDS, "ms", at_most=True),
        bar("heaviest page", max(seen.kibibytes for seen in many), KIBIBYTES, "KiB", at_most=True),
        bar("queue", max(seen.milliseconds for seen in queue), QUEUE_MILLISECONDS, "ms", at_most=True),
        bar("queue, other number of statements", len(grown), 0, "pages", at_most=True),
        bar("search", max(seen.milliseconds for seen in found), SEARCH_MILLISECONDS, "ms", at_most=True),
    ]


if __name__ == "__main__":
    sys.exit(main())
