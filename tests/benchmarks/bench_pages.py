"""`make bench-pages`: every page that each role may open, with few and with very many dossiers behind it.

Real pages through Django's own request handling, warm, medians. The pages are those of the URL table, about the
dossiers of the permission matrix and others that went through the whole procedure (`procedures`), of which the crowd
are copies: whatever page is added is measured here. The last line printed is the result in JSON.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.common import Bar, bar, database, keep

QUERIES, MILLISECONDS, KIBIBYTES = 12, 60, 60
QUEUE_MILLISECONDS, SEARCH_MILLISECONDS = 100, 50
MEMBERS = 10
# An organisation of nearly every dossier, a person, a title, the number of a copy (`crowd.NUMBERED`), and nothing.
SEARCHED = ("hospital", "Dominique member", "procedure", "HDH-2020-000021", "nowhere")
# What a steward watches: the queue with its counts, and the lists beside it.
WATCHED = frozenset({"applications:queue", "applications:exclusions", "interventions", "reviews:list"})


@dataclass(frozen=True)
class Seen:
    """One page as one visitor saw it at one volume; `processor` is this process's own share of the time."""

    page: str
    visitor: str
    about: str
    queries: int
    milliseconds: float
    processor: float
    kibibytes: float


def main() -> int:
    """Measure, print, keep; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=int(os.environ.get("PROJECTS", "10000")))
    parser.add_argument("--queue", type=int, default=100_000, help="dossiers behind the stewards' queue and search")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with ExitStack() as stack:
        os.environ["DATABASE_URL"] = stack.enter_context(database())
        os.environ["DJANGO_SETTINGS_MODULE"] = "hdh_portal.settings.test"
        bars, details = _measure(options, Path(stack.enter_context(tempfile.TemporaryDirectory())))
    return keep("pages", bars, details)


def _measure(options: argparse.Namespace, place: Path) -> tuple[list[Bar], dict[str, Any]]:
    import django

    django.setup()
    import logging

    from django.core.management import call_command
    from django.test import override_settings

    from tests.permissions.asking import documents_unprinted

    call_command("migrate", verbosity=0)
    logging.disable()
    with override_settings(MEDIA_DIR=place, ALLOWED_HOSTS=["*"]), documents_unprinted():
        return _pages(options)


def _pages(options: argparse.Namespace) -> tuple[list[Bar], dict[str, Any]]:
    from tests.benchmarks.visits import Tour

    world = _world_made()
    crowd, tour = _Crowd(world), Tour(world)
    few, left_out = _few(tour.visits())
    chosen = list(_heaviest(few))
    crowd.grow(dossiers=options.projects)
    queue = [_timed(visit, options.repeats) for visit in chosen if _is_watched(visit)]
    crowd.grow(projects=options.projects)
    many = [_timed(visit, options.repeats) for visit in chosen]
    volumes = crowd.counted()
    crowd.grow(dossiers=options.queue)
    queue_at_most = [_timed(visit, options.repeats) for visit in chosen if _is_watched(visit)]
    found = [_timed(visit, options.repeats) for visit in _searches(world)]
    details = {
        "volumes": [volumes, crowd.counted()],
        "left_out": left_out,
        "pages": [asdict(seen) for seen in many],
        "queue": [asdict(seen) for seen in (*queue, *queue_at_most)],
        "search": [asdict(seen) for seen in found],
    }
    return _judged([seen for _, seen in few], many, [*queue, *queue_at_most], found), details


def _world_made() -> Any:
    from django.db import transaction

    from tests.benchmarks.crowd import crowd_join
    from tests.benchmarks.procedures import procedures_made
    from tests.permissions.world import world_made

    with transaction.atomic():
        world = world_made()
        procedures_made(world)
        crowd_join(_templates(world), MEMBERS)
    return world


def _templates(world: Any) -> tuple[str, ...]:
    """Dossiers in every state: the copies are spread over the states as these are."""
    return tuple(dossier.ids["application_id"] for (team, _), dossier in world.dossiers.items() if team == "ours")


class _Crowd:
    """Copies of the templates, more and more of them."""

    def __init__(self, world: Any) -> None:
        from apps.projects.models import Project

        self.templates, self.made = _templates(world), 0
        self.projects = Project.objects.filter(application__in=self.templates).count()

    def grow(self, *, dossiers: int = 0, projects: int = 0) -> None:
        """Until there are so many. Events are copied with the projects, whose pages tell of them."""
        from tests.benchmarks.crowd import Copies

        until = max(-(-dossiers // len(self.templates)), -(-projects // self.projects))
        begun = time.monotonic()
        if until > self.made:
            Copies(self.templates, self.made + 1, until, with_events=bool(projects)).make()
            self.made = until
        print(f"{until * len(self.templates)} dossiers in {time.monotonic() - begun:.0f} s", file=sys.stderr)

    def counted(self) -> dict[str, int]:
        """How many there are of each."""
        from apps.applications.models import Application, Member
        from apps.audit.models import Event
        from apps.projects.models import Membership, Project

        models = (Application, Member, Project, Membership, Event)
        return {model.__name__: model.objects.count() for model in models}


def _few(visits: Iterable[Any]) -> tuple[list[tuple[Any, Seen]], dict[str, str]]:
    """Every page once, and why the other addresses are none."""
    pages, left_out = [], dict[str, str]()
    for visit in visits:
        _asked(visit)  # warm: the second reading within five minutes writes no event
        answer, queries, taken, processor = _asked(visit)
        kind = _header(answer, "Content-Type")
        if answer.status == 200 and kind.startswith("text/html"):
            pages.append((visit, _seen(visit, answer, queries, [taken], [processor])))
        else:
            left_out[visit.page] = kind if answer.status == 200 else f"answers {answer.status} {answer.location[:40]}"
    shown = {visit.page for visit, _ in pages}
    return pages, {page: why for page, why in left_out.items() if page not in shown}


def _heaviest(few: Iterable[tuple[Any, Seen]]) -> Iterator[Any]:
    """Of the dossiers that a page was asked about by a visitor, those with the most statements and the most bytes."""
    by_page: dict[tuple[str, str], list[tuple[Any, Seen]]] = {}
    for visit, seen in few:
        by_page.setdefault((seen.page, seen.visitor), []).append((visit, seen))
    for group in by_page.values():
        most = max(group, key=lambda one: (one[1].queries, one[1].kibibytes))[0]
        largest = max(group, key=lambda one: one[1].kibibytes)[0]
        yield from (most,) if most == largest else (most, largest)


def _is_watched(visit: Any) -> bool:
    return visit.page in WATCHED and visit.visitor.name == "steward"


def _searches(world: Any) -> Iterator[Any]:
    from django.urls import reverse

    from tests.benchmarks.visits import Visit

    for text in SEARCHED:
        yield Visit(f"search {text}", world.visitors["steward"], "", f"{reverse('applications:queue')}?q={text}")


def _timed(visit: Any, repeats: int) -> Seen:
    """Warm, the median of so many."""
    _asked(visit)
    turns = [_asked(visit) for _ in range(repeats)]
    answer, queries = turns[-1][:2]
    return _seen(visit, answer, queries, [turn[2] for turn in turns], [turn[3] for turn in turns])


def _seen(visit: Any, answer: Any, queries: int, taken: list[float], processor: list[float]) -> Seen:
    middle, own = round(statistics.median(taken), 1), round(statistics.median(processor), 1)
    return Seen(
        visit.page,
        visit.visitor.name,
        visit.state,
        queries,
        middle,
        own,
        round(int(_header(answer, "Content-Length")) / 1024, 1),
    )


def _asked(visit: Any) -> tuple[Any, int, float, float]:
    """The answer, its statements, how many milliseconds it took, and how many of them this process was at work."""
    from tests.permissions.asking import ask
    from tests.permissions.payloads import Payload

    begun, worked = time.perf_counter(), time.process_time()
    answer = ask(visit.visitor, "GET", visit.path, Payload())
    return answer, answer.statements, (time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000


def _header(answer: Any, name: str) -> str:
    """A header of what was answered, blank without it."""
    lines = answer.said[:10_000].decode(errors="replace").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith(f"{name}: ")), "")


def _judged(few: list[Seen], many: list[Seen], queue: list[Seen], found: list[Seen]) -> list[Bar]:
    before = {(seen.page, seen.visitor, seen.about): seen.queries for seen in few}
    more = [seen for seen in many if seen.queries > before[seen.page, seen.visitor, seen.about]]
    other = [seen for seen in queue if seen.queries != before[seen.page, seen.visitor, seen.about]]
    for what in ("milliseconds", "queries", "kibibytes"):
        for seen in sorted(many, key=lambda one: -getattr(one, what))[:6]:
            print(f"most {what}: {seen}", file=sys.stderr)
    return [
        bar("statements of the page with most", max(seen.queries for seen in many), QUERIES, "", at_most=True),
        bar("pages with more statements at the volume", len(more), 0, "pages", at_most=True),
        bar("slowest page, median", max(seen.milliseconds for seen in many), MILLISECONDS, "ms", at_most=True),
        bar("heaviest page", max(seen.kibibytes for seen in many), KIBIBYTES, "KiB", at_most=True),
        bar("queue", max(seen.milliseconds for seen in queue), QUEUE_MILLISECONDS, "ms", at_most=True),
        bar("queue, other number of statements", len(other), 0, "pages", at_most=True),
        bar("search", max(seen.milliseconds for seen in found), SEARCH_MILLISECONDS, "ms", at_most=True),
    ]


if __name__ == "__main__":
    sys.exit(main())
