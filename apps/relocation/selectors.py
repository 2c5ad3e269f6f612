"""What this platform holds already, and how far the relocation is."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from apps.accounts.models import Organisation, Person
from apps.applications.form_spec import Kind as FieldKind
from apps.applications.models import Application
from apps.applications.pages import current_version, specification
from apps.applications.selectors import known_codes, paths_offered
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.check import check
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.problems import DefinitionError
from apps.relocation.models import Relocated, RelocationReport, RelocationRun, Store, StoredObject
from apps.relocation.rules import Here, Kind

_STATUS = StoredObject.Status


def here_for(by: Person) -> Here:
    """What an export is compared with, for the steward in whose name it is imported; five queries."""
    known = Relocated.objects.values_list("kind", "old_id", "digest")
    return Here(
        known={(Kind(kind), old_id): digest for kind, old_id, digest in known},
        sirens=frozenset(Organisation.objects.values_list("siren", flat=True)),
        emails=frozenset(Person.objects.values_list("email", flat=True)),
        numbers=frozenset(Application.objects.values_list("number", flat=True)),
        paths=frozenset(path.key for path in paths_offered()),
        published=_published_texts(),
        granter=by.email,
        today=timezone.localdate(),
        problems_of=_problems_of,
    )


def _published_texts() -> frozenset[str]:
    """The answers in a person's own words that public pages show, with their translations."""
    return frozenset(
        f"{page.key}.{answer.name}"
        for page, answer in specification(current_version()).published()
        if answer.kind in {FieldKind.TEXT, FieldKind.LONG_TEXT} and f"{page.key}.{answer.name}" != "title.title"
    )


def _problems_of(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """What keeps a definition from being run here, in English."""
    try:
        found = check(Definition.from_json(definition), CATALOGUE, known_codes())
    except DefinitionError as error:
        found = error.problems
    return tuple(f"{problem.path}: {problem.message_en}." for problem in found)


def stores() -> QuerySet[Any]:
    """Every workspace whose data is being copied, with its figures; one query."""
    here = Q(objects_here__gone_at=None)
    verified = here & Q(objects_here__status=_STATUS.VERIFIED)
    return (
        Store.objects.select_related("workspace__project__application")
        .annotate(
            there=Count("objects_here", filter=here),
            size=Sum("objects_here__size", filter=here, default=0),
            verified=Count("objects_here", filter=verified),
            size_verified=Sum("objects_here__size", filter=verified, default=0),
            gone=Count("objects_here", filter=~here),
            differing=Count("objects_here", filter=here & Q(objects_here__status=_STATUS.DIFFERS)),
        )
        .order_by("workspace__project__application__number")
    )


def differences() -> QuerySet[StoredObject]:
    """The objects that a pass did not bring across, and those that the source has no longer."""
    wanting = Q(status=_STATUS.DIFFERS) | Q(gone_at__isnull=False)
    found = StoredObject.objects.filter(wanting).select_related("store__workspace__project__application")
    return found.order_by("store__workspace__project__application__number", "name")


def taken_over() -> list[dict[str, Any]]:
    """How many things of each kind came here; one query."""
    counted = {"n": Count("pk"), "tied": Count("pk", filter=Q(adopted=True))}
    by_kind = {row["kind"]: row for row in Relocated.objects.order_by().values("kind").annotate(**counted)}
    return [{"kind": str(kind), "n": 0, "tied": 0, **by_kind.get(str(kind), {})} for kind in Kind]


def latest_run(*, is_dry: bool) -> RelocationRun | None:
    """The latest import that came to its end, or the latest dry run."""
    return RelocationRun.objects.filter(is_dry=is_dry, finished_at__isnull=False).select_related("by").first()


def reports() -> QuerySet[RelocationReport]:
    """The signed reports, the latest first, without their content."""
    return RelocationReport.objects.defer("content")
