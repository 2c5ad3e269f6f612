"""Reading dossiers: who sees which, and the facts a decision depends on."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts import grants
from apps.accounts.models import Mandate, Organisation, Person
from apps.applications import authorised, composition, exclusions, rules, workflow
from apps.applications.form_spec import PROCEDURE, Contents
from apps.applications.models import (
    AUTHORITY,
    Application,
    Attachment,
    Member,
    Page,
    StageOutcome,
    Submission,
)
from apps.applications.paths import path_of, policy_of
from apps.applications.policy import Document, Path, Stage, policy_on
from apps.applications.procedure_models import ChecklistMark, StageClock
from apps.applications.returned import reopened
from apps.applications.rules import Conflict, Facts, Missing, Outcome, Status
from apps.applications.ties import Ties
from apps.catalogue.selectors import nomenclature
from apps.core.reading_together import read_together
from apps.core.rules import Role
from apps.extracts.engine.nomenclature import Nomenclature, builtin_nomenclature


def applications_visible_to(person: Person) -> QuerySet[Application]:
    """The dossiers of the person's teams, last changed first."""
    visible = grants.granted_ids(person, "view_application", Application)
    return (
        Application.objects.filter(pk__in=visible)
        .select_related("organisation", "changed_by", "amends")
        .order_by("-changed_at")
    )


def applications_examined() -> QuerySet[Application]:
    """Every dossier that was submitted at least once: what stewards see."""
    return Application.objects.filter(round__gte=1).select_related("organisation", "changed_by", "created_by", "amends")


def organisations_to_apply_for(person: Person) -> QuerySet[Organisation]:
    """The organisations of which the person holds a mandate today."""
    held = Mandate.objects.current(timezone.localdate()).filter(person=person)
    return Organisation.objects.filter(pk__in=held.values("organisation"))


def paths_offered() -> tuple[Path, ...]:
    """The paths on which a dossier may be started today."""
    today = timezone.localdate()
    return policy_on(today).paths_in_force(today)


def other_paths(application: Application) -> tuple[Path, ...]:
    """The paths onto which the dossier may be redirected: those in force today under its own rules."""
    in_force = policy_of(application).paths_in_force(timezone.localdate())
    return tuple(path for path in in_force if path.key != application.path)


def application_roles(application: Application, person: Person) -> frozenset[Role]:
    """What the person is for this dossier, staff roles included. A principal investigator is a member too."""
    roles = {Role.PERSON, *person.staff_roles}
    for member in application.members.all():
        if member.person_id == person.pk:
            roles |= {Role.MEMBER, Role(member.role)}
    return frozenset(roles)


def attachments_of(application: Application) -> QuerySet[Attachment]:
    """The documents that were not removed, oldest first."""
    kept = Attachment.objects.filter(application=application, removed_at=None, redacted_at=None)
    return kept.exclude(kind=AUTHORITY).select_related("uploaded_by", "replaces").order_by("uploaded_at", "id")


def documents_of(application: Application) -> list[Attachment]:
    """The same as a list; no query once the dossier is gathered."""
    found = application.attachments.all()
    kept = [one for one in found if one.kind != AUTHORITY and one.removed_at is None and one.redacted_at is None]
    return sorted(kept, key=lambda one: (one.uploaded_at, one.pk))


def gather(application: Application, *beside: "QuerySet[Any, Any]") -> None:
    """Read team and documents, removed ones included, for what is shown of a dossier, and what else is wanted beside
    them. One query.
    """
    members = team_of(application)
    documents = Attachment.objects.filter(application=application).select_related("uploaded_by", "replaces")
    read_together(members, documents, *beside)
    gathered: dict[str, Any] = {"members": members, "attachments": documents}
    for found in gathered.values():
        for one in found:
            one.application = application
    application._prefetched_objects_cache = gathered  # type: ignore[attr-defined]  # where Django keeps what it prefetched


def removed_documents_of(application: Application) -> QuerySet[Attachment]:
    """The traces of documents that were replaced, removed or redacted, latest first."""
    gone = Attachment.objects.filter(application=application).exclude(removed_at=None, redacted_at=None)
    return gone.select_related("uploaded_by", "removed_by", "redacted_by", "replaced_by").order_by("-uploaded_at", "id")


def submitted_documents(application: Application, submitted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents of a submission with the names they have now: a redacted one has none any more. One query,
    none once the dossier is gathered.
    """
    rows = {str(row.pk): row for row in application.attachments.all()}
    return [
        {**found, "name": rows[found["id"]].name or str(_("(redacted document)")), "row": rows[found["id"]]}
        for found in submitted["attachments"]
    ]


def documents_missing(application: Application) -> Iterable[Missing]:
    """The documents that cannot be opened yet, or never will be: none of them may be submitted."""
    for found in documents_of(application):
        if not found.is_open:
            yield Missing("attachments", found.kind, f"scan_{found.scan}")


def team_ids(application: Application) -> set[UUID]:
    """The people of the team."""
    return set(Member.objects.filter(application=application).values_list("person_id", flat=True))


def team_of(application: Application) -> QuerySet[Member]:
    """The team, the principal investigator first."""
    return team().filter(application=application)


def team() -> QuerySet[Member]:
    """Members with their person and organisation, the principal investigator first."""
    return Member.objects.select_related("person", "organisation").order_by("-role", "added_at", "id")


def contents_of(
    application: Application, pages: Iterable[tuple[str, dict[str, Any]]] | None = None
) -> dict[str, dict[str, Any]]:
    """What each page holds; documents count as the content of the page "attachments", by kind. `pages`: those of the
    dossier, where they were read.
    """
    pages = page_contents(application) if pages is None else pages
    contents = {key: dict(content) for key, content in pages}
    contents[PROCEDURE] = {"path": application.path}
    documents = contents.setdefault("attachments", {})
    for found in documents_of(application):
        documents.setdefault(found.kind, []).append(str(found.pk))
    return contents


def page_contents(application: Application) -> "QuerySet[Page, tuple[str, dict[str, Any]]]":
    """The key and the content of each page."""
    return Page.objects.filter(application=application).values_list("key", "content")


def completeness(
    application: Application, contents: Contents, held: QuerySet[Submission] | None = None
) -> tuple[Missing, ...]:
    """Everything that keeps the dossier from being submitted, in the order of the form. `held`: the submission that an
    amendment starts from, where it was read.
    """
    spec = application.specification
    known = known_codes()
    contents = {**contents, PROCEDURE: {"path": application.path}}
    found = (*rules.missing(contents, spec), *composition.problems(contents, known))
    found = (*found, *_demanded_by_the_path(application, contents, found))
    found = found or composition.last_problems(contents, known)
    if application.amends_id:
        found = (*found, *authorised.amendment_missing(application, contents, held))
    found = (*found, *documents_missing(application))
    return tuple(sorted(found, key=lambda missing: spec.keys.index(missing.page)))


def _demanded_by_the_path(application: Application, contents: Contents, found: Iterable[Missing]) -> Iterable[Missing]:
    """The documents that the rules of the path demand, beyond those that the form itself asks for."""
    said = {missing.field for missing in found if missing.page == "attachments"}
    for kind in sorted(required_kinds(application, contents)):
        if kind not in said and not contents.get("attachments", {}).get(kind):
            yield Missing("attachments", kind, "required")


def required_kinds(application: Application, contents: Contents) -> frozenset[str]:
    """The kinds of documents that the rules of the path demand of a dossier with these answers."""
    pages = (page for page in application.specification.pages if page.key == "attachments")
    asked = {field.name for page in pages for field in page.fields}
    demanded = {document.kind for document in path_of(application).documents if _is_demanded(document, contents)}
    return frozenset(demanded & asked)


def _is_demanded(document: Document, contents: Contents) -> bool:
    """One that is required under conditions, when they hold; one on demand is never, a steward asks for it."""
    answers = (contents.get(page, {}).get(field) == value for (page, field), value in _conditions(document))
    return document.required and all(answers)


def _conditions(document: Document) -> Iterable[tuple[tuple[str, str], str]]:
    for place, value in document.when.items():
        page, _dot, field = place.partition(".")
        yield (page, field), value


def known_codes() -> Nomenclature:
    """The codes a criterion may use: those of the release that was read, the engine's own list before any was."""
    read = nomenclature()
    return read if any(read.codes.values()) else builtin_nomenclature()


def reopened_pages(application: Application) -> Mapping[str, str]:
    """The pages that may be changed where not all may, each with its reasons (`returned.reopened`)."""
    return reopened(application).pages


def conflicts_of(person: Person, application: Application, ties: Ties | None = None) -> frozenset[Conflict]:
    """Why this person must not decide on the dossier: part of its team, or acting for an organisation in it.

    `ties`: what ties them to it, where that was read.
    """
    ties, found = ties or Ties(application, person), set()
    on_team = any(member.person_id == person.pk for member in application.members.all())
    if person.pk == application.created_by_id or on_team or ties.in_the_family:
        found.add(Conflict.TEAM)
    if ties.mandates:
        found.add(Conflict.ORGANISATION)
    return frozenset(found)


def team_facts(application: Application, person: Person, *, page: str = "") -> Facts:
    """The facts for what a member of the team may do, completeness left aside."""
    return Facts(
        status=application.state,
        roles=application_roles(application, person),
        page=page,
        open_pages=frozenset(reopened_pages(application)),
        path=path_of(application),
        is_amendment=application.amends_id is not None,
        is_renewal=application.kind == Application.Kind.RENEWAL,
        project_over=authorised.root_of(application).project_ended_on is not None,
    )


def amendment_facts(application: Application, person: Person, amendments: Iterable[Application] | None = None) -> Facts:
    """The facts for amending what this dossier was granted; `amendments`: those it has, where they were read."""
    found = authorised.amendments_of(authorised.root_of(application)) if amendments is None else amendments
    under_way = any(one.state not in rules.FINAL for one in found)
    barred = exclusions.barred_team(application)
    return replace(team_facts(application, person), amendment_under_way=under_way, barred=barred)


def decider_facts(application: Application, person: Person) -> Facts:
    """The facts for what a steward may do to a dossier whatever it holds."""
    roles = application_roles(application, person)
    return Facts(application.state, roles, decider_conflicts=conflicts_of(person, application))


def submission_facts(application: Application, person: Person, contents: Contents) -> Facts:
    """The facts for submitting, completeness included."""
    missing, barred = completeness(application, contents), exclusions.barred_team(application)
    facts = replace(team_facts(application, person), missing=missing, barred=barred)
    if application.amends_id is None:
        return facts
    return replace(facts, unchanged=not authorised.comparison(application, snapshot_of(application)).changes)


def clocks_running(application: Application) -> QuerySet[StageClock]:
    """The delay that runs for the dossier, if one does."""
    return StageClock.objects.filter(application=application, stopped_on=None, ended_on=None)


def clock_of(application: Application) -> StageClock | None:
    """The delay that runs for the dossier; None where none does. One query."""
    return clocks_running(application).first()


def silence_meant(clock: StageClock) -> str:
    """The outcome that the lapse of this delay stands for by the rules of its dossier; blank for none."""
    stage = workflow.STAGE_OF.get(Status(clock.stage))
    delay = path_of(clock.application).delay(stage) if stage else None
    if delay is None or (delay.silence_needs_express_opinion and not opinion_is_express(clock.application)):
        return ""
    return delay.silence


def opinion_is_express(application: Application) -> bool:
    """Whether the committee's last opinion is favourable, and was given expressly."""
    opinions = StageOutcome.objects.filter(application=application, stage=Stage.COMMITTEE)
    last = opinions.exclude(outcome__in=[Outcome.ADJOURNED, Outcome.INCOMPLETE]).order_by("-id").first()
    return bool(last and last.express and last.outcome in workflow.FAVOURABLE)


def checklist_marks(application: Application) -> "QuerySet[ChecklistMark, tuple[str, str]]":
    """What was found about each item of the checklist in the present round: the item and its mark."""
    marks = ChecklistMark.objects.filter(application=application, round=application.round)
    return marks.values_list("item", "mark")


def stage_facts(application: Application, person: Person, *, express: bool = True) -> Facts:
    """The facts for ending the present stage."""
    contents = contents_of(application)
    return replace(decision_facts(application, person, contents), express=express)


class Around:
    """What stands beside the dossier for somebody who decides on it: its delay, what was found about its checklist,
    what ties them to it, what it amends. One query with all that is gathered.
    """

    def __init__(self, application: Application, person: Person, *beside: "QuerySet[Any, Any]") -> None:
        clocks, marks, self.ties = clocks_running(application), checklist_marks(application), Ties(application, person)
        self.held = authorised.submissions_held(application)
        gather(application, clocks, marks, self.held, *self.ties.all, *beside)
        self.clock: StageClock | None = next(iter(clocks), None)
        self.marks: Mapping[str, str] = dict(marks)


def decision_facts(
    application: Application,
    person: Person,
    contents: Contents,
    returned: Iterable[str] = (),
    *,
    beside: Around | None = None,
) -> Facts:
    """The facts for a steward's decision on what was submitted."""
    beside = beside or Around(application, person)
    return Facts(
        status=application.state,
        roles=application_roles(application, person),
        missing=completeness(application, contents, beside.held),
        decider_conflicts=conflicts_of(person, application, beside.ties),
        returned_pages=frozenset(returned),
        known_pages=frozenset(application.specification.keys),
        access_to=rules.as_date(contents.get("period", {}).get("access_to")),
        today=timezone.localdate(),
        path=path_of(application),
        done=frozenset(Stage(stage) for stage in application.stages_done),
        may_extend=_may_extend(application, beside.clock),
        silence=beside.clock.silence if beside.clock else "",
        wrong_items=ChecklistMark.Mark.WRONG in beside.marks.values(),
        is_amendment=application.amends_id is not None,
        project_over=authorised.root_of(application).project_ended_on is not None,
    )


def _may_extend(application: Application, clock: StageClock | None) -> bool:
    stage = workflow.STAGE_OF.get(application.state)
    delay = path_of(application).delay(stage) if stage else None
    return bool(clock and delay and delay.extension and clock.extended_on is None and clock.lapsed_at is None)


def snapshot_of(application: Application) -> dict[str, Any]:
    """Everything a decision is about: the pages, the documents by their SHA-256, the team. Canonical JSON values.

    The names of the files are not in it: a document that is redacted must be gone from everywhere.
    """
    return {
        "specification": application.spec_version,
        "organisation": str(application.organisation_id),
        "pages": dict(page_contents(application)),
        "attachments": [
            {"id": str(found.pk), "kind": found.kind, "size": found.size, "sha256": found.sha256}
            for found in Attachment.objects.filter(application=application, removed_at=None)
            .exclude(kind=AUTHORITY)
            .order_by("uploaded_at", "id")
        ],
        "team": [
            {"person": str(member.person_id), "organisation": str(member.organisation_id), "role": member.role}
            for member in team_of(application)
        ],
    }
