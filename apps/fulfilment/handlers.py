"""When X happened, do Y: every follow-up that crosses rooms, on one page.

Each runs in the transaction of what it follows and only writes rows; the outbox makes them true in the world.
"""

from datetime import date
from uuid import UUID

from apps.accounts.models import Person
from apps.agreements.models import Agreement
from apps.agreements.selectors import present_version, signatory_ids, version_of_project
from apps.agreements.services import agreement_end, agreement_prepare
from apps.applications.amendments import data_differ
from apps.applications.following import awaited, in_charge
from apps.applications.granted import ApprovedFacts, approved_facts
from apps.applications.models import Application
from apps.applications.rules import Status
from apps.applications.selectors import team_ids
from apps.applications.services import notices_give, project_over_keep, team_follow
from apps.audit.services import event_record
from apps.committee.models import Ballot
from apps.committee.services import file_follow
from apps.core.happenings import when
from apps.core.models import OutboxItem
from apps.directory.services import entry_end, entry_publish
from apps.extracts.models import ExtractRequest
from apps.extracts.selectors import latest_requests
from apps.extracts.services import extract_request, extract_supersede, key_destruction_request
from apps.people.rules import Period
from apps.projects.agreements import agreement_read_by
from apps.projects.models import Membership, Project
from apps.projects.rules import AgreementFact
from apps.projects.services import Grant, project_amend, project_create
from apps.workspaces.services import (
    sessions_recheck,
    workspace_data_ready,
    workspace_request,
    workspace_term_renewed,
)

# States with a sentence of their own; the others are "a new stage".
TOLD = frozenset({"submitted", "returned", "approved", "refused"})


def on_stage_reached(application_id: str, by: str) -> None:
    """The committee has a file while its opinion is awaited; the agreement is prepared when signatures are."""
    application = Application.objects.get(pk=application_id)
    file_follow(application=application, awaited=application.state is Status.COMMITTEE, by=by)
    if application.state is Status.AGREEMENT:
        agreement_prepare(application=application, by=Person.objects.get(pk=by))
    elif application.state is not Status.APPROVED:
        agreement_end(application=application, by=by)


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
    latest = latest_requests(project.pk).first()
    stands = latest is not None and latest.status == ExtractRequest.Status.DELIVERED and not latest.removal_asked_at
    if data_differ(before, facts.definition) or not stands:
        extract_supersede(project=project, by=by)
        extract_request(project=project, by=by)


def on_stage_entered(application_id: str, by: str) -> None:
    """The team learns where its dossier stands now, but for whoever moved it there."""
    application = Application.objects.get(pk=application_id)
    kind = application.status if application.status in TOLD else "stage"
    people = {person for person in team_ids(application) if str(person) != by}
    notices_give(application=application, people=people, kind=kind, data={"stage": application.status})


def on_rapporteur_asked(ballot_id: str, by: str) -> None:
    """Whoever is asked for a report learns it."""
    ballot = Ballot.objects.select_related("file__application").get(pk=ballot_id)
    people = {ballot.person_id}
    notices_give(application=ballot.file.application, people=people, kind="rapporteur_asked", data={})


def on_agreement_ready(agreement_id: str, by: str) -> None:
    """Whoever may sign for a party learns that the document waits for them."""
    agreement = Agreement.objects.select_related("application").get(pk=agreement_id)
    _tell(agreement, signatory_ids(agreement), "agreement_ready")


def on_agreement_revised(agreement_id: str, by: str) -> None:
    """Whoever may sign, and the team, learn that the signatures given are void."""
    agreement = Agreement.objects.select_related("application").get(pk=agreement_id)
    _tell(agreement, signatory_ids(agreement) | set(team_ids(agreement.application)), "agreement_revised")


def on_agreement_declined(agreement_id: str, by: str) -> None:
    """The steward who made this version learns that a party will not sign it."""
    agreement = Agreement.objects.select_related("application").get(pk=agreement_id)
    _tell(agreement, {present_version(agreement).made_by_id}, "agreement_declined")


def _tell(agreement: Agreement, people: set[UUID], kind: str) -> None:
    notices_give(application=agreement.application, people=people, kind=kind, data={"agreement": str(agreement.pk)})


def project_agreement(project_id: UUID) -> AgreementFact | None:
    """The agreement that a project rests on: None for one whose path asks for none. One query."""
    version = version_of_project(project_id)
    if version is None:
        return None
    if not version.is_in_force:
        return AgreementFact(pending=True)
    access = version.content["access"]
    return AgreementFact(Period(date.fromisoformat(access["from"]), date.fromisoformat(access["to"])))


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
    workspace_data_ready(project_id=request.project_id, extract_id=request.pk, by=by, manifest=request.manifest_sha256)


def on_extract_to_release(extract_id: str, by: str) -> None:
    """The stewards in charge learn that an extract waits for them."""
    application = ExtractRequest.objects.select_related("project__application").get(pk=extract_id).project.application
    notices_give(application=application, people=in_charge(application), kind="extract_to_release", data={})


def on_extract_refused(extract_id: str, by: str) -> None:
    """The team learns that its extract was refused."""
    application = ExtractRequest.objects.select_related("project__application").get(pk=extract_id).project.application
    notices_give(application=application, people=team_ids(application), kind="extract_refused", data={})


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
    when("application.stage_entered", on_stage_reached)
    when("application.approved", on_application_approved)
    when("application.stage_entered", on_stage_entered)
    when("committee.rapporteur_asked", on_rapporteur_asked)
    when("agreement.document_made", on_agreement_ready)
    when("agreement.revised", on_agreement_revised)
    when("agreement.declined", on_agreement_declined)
    agreement_read_by(project_agreement)
    when("application.reminded", on_delay_reminded)
    when("application.delay_lapsed", on_delay_lapsed)
    when("extract.delivered", on_extract_delivered)
    when("extract.to_release", on_extract_to_release)
    when("extract.refused", on_extract_refused)
    when("outbox.retried", on_outbox_retried)
    when("access.narrowed", on_access_narrowed)
    when("project.ended", on_project_ended)
