"""Dossiers as users see them after months: returned, examined by the committee, signed, amended.

Those of the permission matrix stand in each state by the shortest way; these went through the whole procedure by the
portal's own services, and carry all that it leaves: rounds, reports, votes, an opinion, conditions, signatures.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from apps.accounts import grants
from apps.accounts.models import Mandate, Person
from apps.agreements import services as agreement_services
from apps.agreements.models import Agreement, Party
from apps.applications import services
from apps.applications.models import Application, Member
from apps.applications.rules import Outcome
from apps.committee.models import File
from apps.committee.rules import Outcome as Opinion
from apps.committee.selectors import members_independent_of
from apps.extracts.models import ExtractRequest
from apps.workspaces.models import Operation, Workspace
from tests.factories import agreements, committee
from tests.factories import applications as dossiers
from tests.permissions.world import Dossier, World, _ids

TEAM = "ours"


@dataclass
class Procedure:
    """The way of one dossier, a step at a time."""

    lead: Person
    steward: Person
    secretary: Person
    team: list[Person]
    application: Application = field(init=False)

    def begin(self, home: Mandate) -> None:
        """A complete dossier of a team, on the longest path."""
        made = services.application_create(
            organisation=home.organisation, creation_key=uuid.uuid4(), path="full_authorisation", by=self.lead
        )
        dossiers.fill(made, self.lead, dossiers.complete_contents(title=f"procedure {uuid.uuid4().hex[:6]}"))
        dossiers.documents_add(made, self.lead)
        for person in self.team:
            Member.objects.create(application=made, person=person, organisation=home.organisation, added_by=self.lead)
            grants.grant(person, "view_application", made)
        self.application = made

    def submit(self) -> None:
        """As the team."""
        made = dossiers.fresh(self.application)
        services.application_submit(application=made, seen_version=made.version, by=self.lead)

    def correct(self) -> None:
        """Returned with reasons, corrected and submitted again."""
        made = dossiers.fresh(self.application)
        reasons = {"summary": "Trop technique pour le public.", "purpose.benefits": "Dites pour qui."}
        services.application_return(application=made, seen_version=made.version, reasons=reasons, by=self.steward)
        for page, name in (("summary", "summary_fr"), ("purpose", "benefits")):
            content = dossiers.complete_contents()[page]
            dossiers.fill(made, self.lead, {page: {**content, name: f"Autre texte {uuid.uuid4()}."}})
        self.submit()

    def write(self) -> None:
        """Messages to and fro."""
        for by, as_staff in ((self.lead, False), (self.steward, True)) * 3:
            services.message_post(
                application=self.application, text="Un mot. " * 20, key=uuid.uuid4(), by=by, as_staff=as_staff
            )

    def examine(self) -> None:
        """Accepted, reported on, voted, with an opinion that recommends; authorised under conditions."""
        dossiers._accept(dossiers.fresh(self.application), self.lead, self.steward)
        file = committee.file(dossiers.fresh(self.application))
        votes = dict.fromkeys(members_independent_of(file.application), Opinion.WITH_RECOMMENDATIONS)
        counted = committee.counted(file, self.secretary, votes)
        recommended = [{"topic": "minimisation", "text": "Réduire les variables à ce qui est utile."}]
        committee.give_opinion(counted, self.secretary, Opinion.WITH_RECOMMENDATIONS, recommendations=recommended)
        dossiers._refer(dossiers.fresh(self.application), self.lead, self.steward)
        conditions = ["Informer les personnes.", "Publier les résultats."]
        authorised = services.AuthorityDecision(
            Outcome.AUTHORISED_WITH_CONDITIONS, "DR-2026-002", timezone.localdate(), conditions=conditions
        )
        services.cnil_decision_record(
            application=dossiers.fresh(self.application), decision=authorised, by=self.steward
        )

    def approve(self) -> Agreement:
        """Approved, its agreement open to signatures."""
        dossiers._approve(dossiers.fresh(self.application), self.lead, self.steward)
        return agreements.signing(dossiers.fresh(self.application))

    def revise(self, agreement: Agreement) -> Agreement:
        """One party signs, then a new version voids its signature."""
        self._sign(agreement, agreement.parties.order_by("pk")[:1])
        agreement_services.agreement_revise(
            agreement=agreements.fresh(agreement),
            seen_version=agreements.fresh(agreement).version,
            clauses="Une clause de plus.",
            reason="Une clause manquait.",
            by=self.steward,
        )
        return agreements.opened(agreement)

    def sign(self, agreement: Agreement) -> None:
        """By every party; the project then runs."""
        self._sign(agreement, agreement.parties.order_by("pk"))
        space = Workspace.objects.get(project__application=self.application)
        Operation.objects.filter(workspace=space).update(status=Operation.Status.DONE)
        extract = space.project.extract_requests.get()
        ExtractRequest.objects.filter(pk=extract.pk).update(status="delivered", manifest_sha256="0" * 64)
        Workspace.objects.filter(pk=space.pk).update(
            status="running", desired="running", provider="scaleway", route_open=True, extract_id=extract.pk
        )

    def sign_in_part(self, agreement: Agreement) -> None:
        """By the first party alone."""
        self._sign(agreement, agreement.parties.order_by("pk")[:1])

    def _sign(self, agreement: Agreement, parties: Iterable[Party]) -> None:
        for party in parties:
            agreements.sign(agreement, agreements.signatory(party.organisation), party.kind)

    def amend(self) -> Application:
        """An amendment of the data, submitted."""
        root = dossiers.fresh(self.application)
        made = services.amendment_start(
            application=root, kind=Application.Kind.AMENDMENT, creation_key=uuid.uuid4(), by=self.lead
        )
        variables = {**dossiers.complete_contents()["variables"], "scope": {"IR_BEN_R": ["BEN_SEX_COD"]}}
        dossiers.fill(made, self.lead, {"variables": variables})
        made = dossiers.fresh(made)
        services.application_submit(application=made, seen_version=made.version, by=self.lead)
        return dossiers.fresh(made)


def procedures_made(world: World) -> None:
    """Add to the first team of the world: a dossier being decided after two rounds, one whose agreement is signed in
    part, one that went all the way, and its amendment.
    """
    secretary, steward = committee.secretary(), dossiers.steward()
    for state in ("decision", "agreement", "approved"):
        way = _begun(world, secretary, steward)
        way.submit()
        way.correct()
        way.write()
        way.examine()
        if state != "decision":
            agreement = way.revise(way.approve())
            (way.sign if state == "approved" else way.sign_in_part)(agreement)
        _keep(world, f"procedure_{state}", state, way.application)
        if state == "approved":
            _keep(world, "procedure_amendment", "submitted", way.amend())


def _begun(world: World, secretary: Person, steward: Person) -> Procedure:
    lead, member = (Person.objects.get(pk=world.visitors[name].person_id) for name in ("investigator", "member"))
    way = Procedure(lead, steward, secretary, [member])
    way.begin(Mandate.objects.get(person=lead, organisation__name="hospital", role="member"))
    return way


def _keep(world: World, key: str, state: str, application: Application) -> None:
    """Have the dossier be one of the world, with the identifiers of its pages."""
    lead = Person.objects.get(pk=world.visitors["investigator"].person_id)
    ids = _ids(dossiers.fresh(application), lead)
    file, agreement = File.objects.filter(application=application).last(), _agreement_of(application)
    if file:
        ids |= {"file_id": str(file.pk), "rapporteur_id": str(file.ballots.filter(kind="report")[0].person_id)}
    if agreement:
        ids["agreement_id"] = str(agreement.pk)
    world.dossiers[TEAM, key] = Dossier(TEAM, state, ids)


def _agreement_of(application: Application) -> Agreement | None:
    return Agreement.objects.filter(application=application).first()
