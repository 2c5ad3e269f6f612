"""When X happened, do Y: every follow-up that crosses rooms, on one page.

Each runs in the transaction of what it follows and only writes rows; the outbox makes them true in the world.
"""

from uuid import UUID

from apps.applications.amendments import data_differ
from apps.applications.following import awaited, in_charge
from apps.applications.granted import ApprovedFacts, approved_facts
from apps.applications.models import Application
from apps.applications.selectors import team_ids
from apps.applications.services import notices_give, project_over_keep, team_follow
from apps.audit.services import event_record
from apps.core.happenings import when
from apps.core.models import OutboxItem
from apps.directory.services import entry_end, entry_publish
from apps.extracts.models import ExtractRequest
from apps.extracts.selectors import request_of
from apps.extracts.services import extract_request, extract_supersede, key_destruction_request
from apps.projects.models import Membership, Project
from apps.projects.services import Grant, project_amend, project_create
from apps.workspaces.services import (
    sessions_recheck,
    workspace_data_ready,
    workspace_request,
    workspace_term_renewed,
)

# States with a sentence of their own; the others are "a new stage".
TOLD = frozenset({"submitted", "returned", "approved", "refused"})


def on_application_approved(application_id: str, by: str) -> None:
    """An approved dossier becomes a project with its members, an extract, a workspace, and a public page."""
    facts = approved_facts(application_id)
    if facts.amends:
        project_amended(facts, facts.amends, by)
    else:
        project = project_create(grant_of(facts), by=by)
        extract_request(project=project, by=by)
        workspace_request(project=project, by=by)
    entry_publish(application_id=application_id, by=by)


def grant_of(facts: ApprovedFacts) -> Grant:
    """What was approved, as the projects take it."""
    return Grant(
        application_id=facts.application_id,
        title=facts.title,
        principal_investigator_id=facts.principal_investigator_id,
        member_ids=facts.member_ids,
        definition=facts.definition,
        definition_hash=facts.definition_hash,
        starts_on=facts.starts_on,
        ends_on=facts.ends_on,
    )


def project_amended(facts: ApprovedFacts, amends: UUID, by: str) -> None:
    """An approved amendment gives its project other terms and people, and another extract where the data differ."""
    project = Project.objects.select_related("entitlement").select_for_update(of=("self",)).get(application_id=amends)
    before = project.entitlement.definition
    project_amend(project, grant_of(facts), by=by)
    workspace_term_renewed(project_id=project.pk)
    team_follow(application=Application.objects.get(pk=facts.application_id))
    latest = request_of(project.pk)
    if data_differ(before, facts.definition) or latest is None or latest.status != ExtractRequest.Status.DELIVERED:
        extract_supersede(project=project, by=by)
        extract_request(project=project, by=by)


def on_stage_entered(application_id: str, by: str) -> None:
    """The team learns where its dossier stands now, but for whoever moved it there."""
    application = Application.objects.get(pk=application_id)
    kind = application.status if application.status in TOLD else "stage"
    people = {person for person in team_ids(application) if str(person) != by}
    notices_give(application=application, people=people, kind=kind, data={})


def on_delay_reminded(application_id: str, by: str) -> None:
    """A legal delay comes to its end: whoever's turn it is hears of it, in the portal and by e-mail."""
    application = Application.objects.get(pk=application_id)
    notices_give(application=application, people=awaited(application), kind="reminder", data={})


def on_delay_lapsed(application_id: str, by: str) -> None:
    """A legal delay has ended: whoever was awaited is told, and the steward who sees what follows."""
    application = Application.objects.get(pk=application_id)
    people = awaited(application) | in_charge(application)
    notices_give(application=application, people=people, kind="lapsed", data={})


def on_extract_delivered(extract_id: str, by: str) -> None:
    """A delivered extract is what the project's workspace waits for."""
    request = ExtractRequest.objects.get(pk=extract_id)
    workspace_data_ready(project_id=request.project_id, extract_id=request.pk, by=by)


def on_outbox_retried(item_id: str, by: str) -> None:
    """A person put stopped work back on its way: core cannot write events, so it is recorded here."""
    item = OutboxItem.objects.get(pk=item_id)
    event_record(action="outbox.retried", actor=by, object_kind="outbox", object_id=item_id, data={"key": item.key})


def on_access_narrowed(person_id: str, by: str) -> None:
    """Somebody lost a mandate, a membership or an accreditation: what rested on it ends now."""
    sessions_recheck(person_id=person_id)


def on_project_ended(project_id: str, by: str) -> None:
    """A project that is over: its dossier is amended no more, who works in it is cut off, the public page says so,
    and the key of its pseudonyms is destroyed."""
    project = Project.objects.get(pk=project_id)
    project_over_keep(application_id=project.application_id)
    entry_end(project=project, by=by)
    key_destruction_request(project=project)
    for person_id in Membership.objects.filter(project=project).values_list("person_id", flat=True):
        sessions_recheck(person_id=person_id)


def register() -> None:
    """Connect the follow-ups. Called once when Django is ready."""
    when("application.approved", on_application_approved)
    when("application.stage_entered", on_stage_entered)
    when("application.reminded", on_delay_reminded)
    when("application.delay_lapsed", on_delay_lapsed)
    when("extract.delivered", on_extract_delivered)
    when("outbox.retried", on_outbox_retried)
    when("access.narrowed", on_access_narrowed)
    when("project.ended", on_project_ended)
