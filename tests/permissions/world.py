"""The people and the objects of the permission matrix: made once, known by plain identifiers.

The identifiers are all that the matrix keeps, so that a world made in one process can be asked about in another.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts import grants
from apps.accounts.models import Mandate, Organisation, Person
from apps.accounts.recovery_models import AccountRecovery
from apps.applications import services
from apps.applications.models import (
    Application,
    Attachment,
    Exclusion,
    Member,
    Obligation,
    Page,
    StageClock,
    StageOutcome,
)
from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.rules import Role
from apps.directory.services import entry_write
from apps.extracts.models import ExtractRequest
from apps.projects.models import Project
from apps.relocation.models import RelocationReport
from apps.workspaces.models import DestructionCertificate, Operation, Workspace
from tests.factories import applications as dossiers
from tests.factories.accounts import (
    Browser,
    MandateFactory,
    OrganisationFactory,
    PersonFactory,
    StaffRoleFactory,
    TotpDeviceFactory,
    client_signed_in,
)
from tests.factories.people import accredit
from tests.permissions.people import PeopleObjects, people_objects_made
from tests.permissions.rooms import agreements_made, committee_made
from tests.support.authenticator import Authenticator

# As long as the number of an item that does not exist, so that addresses differ in nothing else.
FIRST_ITEM = 1_900_000_000
LONG_AGO, MANDATED = date(2020, 1, 1), date(2021, 1, 1)
# The states of a dossier before the approval, with the path on which it reaches them.
PATHS = {
    "draft": "permanent_access",
    "submitted": "permanent_access",
    "committee": "full_authorisation",
    "choice": "full_authorisation",
    "commitment": "mr004",
    "cnil": "full_authorisation",
    "withdrawn": "permanent_access",
}
STATES = (*PATHS, "approved", "suspended", "closed")
ANONYMOUS = frozenset({Role.ANYONE})
HALF = ANONYMOUS | {Role.SIGNED_IN}
FULL = HALF | {Role.PERSON}


@dataclass(frozen=True)
class Visitor:
    """One column of the matrix: what somebody is for the portal, and the cookies of their browser."""

    name: str
    roles: frozenset[Role]
    organisation: str = ""
    person_id: str = ""
    email: str = ""
    cookies: str = ""
    ends_a_session: bool = False  # the first request of a session that is over ends it, which is written


@dataclass(frozen=True)
class Dossier:
    """A dossier of a team in a state, with all that hangs on it."""

    team: str
    state: str
    ids: dict[str, str]


@dataclass
class World:
    """Everything the matrix asks about."""

    visitors: dict[str, Visitor] = field(default_factory=dict)
    dossiers: dict[tuple[str, str], Dossier] = field(default_factory=dict)
    teams: dict[str, dict[str, frozenset[Role]]] = field(default_factory=dict)  # team -> visitor -> relation
    organisations: dict[str, frozenset[str]] = field(default_factory=dict)  # team -> organisations in it
    people: PeopleObjects = field(default_factory=PeopleObjects)
    passkeys: dict[str, str] = field(default_factory=dict)  # visitor -> the identifier of their passkey
    of_roles: dict[str, str] = field(default_factory=dict)  # what a role alone opens, by the parameter that names it
    items: dict[str, str] = field(default_factory=dict)  # state of an outbox item -> its identifier
    sessions: dict[str, str] = field(default_factory=dict)  # state of a session of the committee -> its identifier
    interests: dict[str, str] = field(default_factory=dict)  # visitor -> the identifier of a link they declared
    idle_member: str = ""  # a member of the committee who was asked nothing
    newcomer_email: str = ""
    foreign_organisation: str = ""  # of which no visitor holds a mandate

    def relation(self, visitor: Visitor, dossier: Dossier) -> frozenset[Role]:
        """What the visitor is for the dossier's team."""
        return self.teams[dossier.team].get(visitor.name, frozenset())

    @property
    def of_committee(self) -> dict[str, str]:
        """Something of the committee that exists."""
        return {"session_id": self.sessions["open"], "interest_id": self.interests["somebody_laboratory"]}

    def signs_for(self, visitor: Visitor, dossier: Dossier) -> bool:
        """Whether the visitor may sign for an organisation of the team."""
        return SIGNATORIES.get(visitor.name) in self.organisations[dossier.team]

    def takes_part(self, visitor: Visitor, dossier: Dossier) -> bool:
        """Whether the visitor is on the team, or acts for one of its organisations."""
        return bool(self.relation(visitor, dossier)) or visitor.organisation in self.organisations[dossier.team]


MEMBER = frozenset({Role.MEMBER})
LEAD = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
# team -> its organisation, its principal investigator, its members
TEAMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "ours": ("hospital", "investigator", ("member", "one_factor", "timed_out", "deactivated")),
    "neighbours": ("hospital", "somebody_hospital", ()),
    "others": ("laboratory", "somebody_laboratory", ()),
    # Whoever is a mere member of one team may lead another: one must not be taken for the other.
    "strangers": ("institute", "member", ()),
    "platform": ("institute", "somebody_institute", ("steward", "committee_member", "committee_secretary")),
    "platform_neighbours": ("platform", "somebody_platform", ()),
}
_HOSPITAL_POSITIONS = {"own": "ours", "same_organisation": "neighbours", "foreign": "others"}
_STRANGER_POSITIONS = {"own": "ours", "same_organisation": "strangers", "foreign": "others"}
_STAFF_POSITIONS = {"own": "platform", "same_organisation": "platform_neighbours", "foreign": "ours"}
# visitor -> organisation, roles beyond a person's, the teams of the positions
VISITORS: dict[str, tuple[str, frozenset[Role], dict[str, str]]] = {
    "anonymous": ("", ANONYMOUS, _HOSPITAL_POSITIONS),
    "one_factor": ("hospital", HALF, _HOSPITAL_POSITIONS),
    "timed_out": ("hospital", ANONYMOUS, _HOSPITAL_POSITIONS),
    "deactivated": ("hospital", ANONYMOUS, _HOSPITAL_POSITIONS),
    "member": ("hospital", FULL, _HOSPITAL_POSITIONS),
    "investigator": ("hospital", FULL, _HOSPITAL_POSITIONS),
    "stranger": ("institute", FULL, _STRANGER_POSITIONS),
    "former_steward": ("institute", FULL, _STRANGER_POSITIONS),
    "superuser": ("platform", FULL, _STAFF_POSITIONS),
    "steward": ("platform", FULL | {Role.STEWARD}, _STAFF_POSITIONS),
    "operator": ("platform", FULL | {Role.OPERATOR}, _STAFF_POSITIONS),
    "auditor": ("platform", FULL | {Role.AUDITOR}, _STAFF_POSITIONS),
    "committee_member": ("platform", FULL | {Role.COMMITTEE_MEMBER}, _STAFF_POSITIONS),
    "committee_secretary": ("platform", FULL | {Role.COMMITTEE_SECRETARY}, _STAFF_POSITIONS),
    "signatory": ("hospital", FULL, _HOSPITAL_POSITIONS),
}
SIGNATORIES = {"signatory": "hospital"}  # who may sign, for which organisation


def world_made() -> World:
    """Make every person and dossier. To be called in a transaction, with a folder for documents."""
    with connection.cursor() as cursor:
        # Events are numbered: theirs shall be as long as the number of one that does not exist.
        cursor.execute("SELECT setval(pg_get_serial_sequence('audit_event', 'id'), %s)", [FIRST_ITEM])
    world = World()
    homes = {name: OrganisationFactory.create(name=name) for name in sorted({home for home, _, _ in TEAMS.values()})}
    people = {name: _person(name, home, homes) for name, (home, _, _) in VISITORS.items() if name != "anonymous"}
    for home, lead, _ in TEAMS.values():
        if lead not in people:
            people[lead] = _person(lead, home, homes)
    newcomer = _person("newcomer", "hospital", homes)
    world.newcomer_email = newcomer.email
    world.foreign_organisation = str(homes["laboratory"].pk)
    decider = dossiers.steward()
    _dossiers_made(world, people, homes, decider)
    _items_made(world)
    committee_made(world, people)
    agreements_made(world)
    world.of_roles = _of_roles_made(people["somebody_laboratory"])
    _passkeys_made(world, people)
    world.people = people_objects_made(people, homes, decider, FIRST_ITEM)
    _visitors_made(world, people)
    return world


def _person(name: str, home: str, homes: dict[str, Organisation]) -> Person:
    person = PersonFactory.create(
        email=f"{name}.{uuid.uuid4().hex[:6]}@exemple.fr", family_name=name, is_superuser=name == "superuser"
    )
    yesterday = timezone.localdate() - timedelta(days=1)
    MandateFactory.create(person=person, organisation=homes[home], starts_on=LONG_AGO)
    if name == "member":
        MandateFactory.create(person=person, organisation=homes["institute"], starts_on=LONG_AGO)
    if name in SIGNATORIES:
        MandateFactory.create(person=person, organisation=homes[home], starts_on=MANDATED, may_sign=True)
    if name == "former_steward":
        MandateFactory.create(person=person, organisation=homes["platform"], starts_on=LONG_AGO, ends_on=yesterday)
        StaffRoleFactory.create(person=person, ends_on=yesterday)
    for role in VISITORS.get(name, ("", FULL, {}))[1] - FULL:
        StaffRoleFactory.create(person=person, role=role.value)
    accredit(person)
    if name != "newcomer":
        TotpDeviceFactory.create(user=person)
    return person


def _dossiers_made(world: World, people: dict[str, Person], homes: dict[str, Organisation], decider: Person) -> None:
    for team, (home, lead, members) in TEAMS.items():
        world.teams[team] = {lead: LEAD, **dict.fromkeys(members, MEMBER)}
        world.organisations[team] = frozenset({home})
        for state in STATES:
            made = _dossier(state, people[lead], [people[name] for name in members], homes[home], decider)
            # A permission that opens nothing: only "view" does.
            grants.grant(people["stranger"], "change_application", made)
            world.dossiers[team, state] = Dossier(team, state, _ids(made, people[lead]))


def _dossier(state: str, lead: Person, members: Iterable[Person], home: Organisation, decider: Person) -> Application:
    path = PATHS.get(state, "permanent_access")
    application = services.application_create(organisation=home, creation_key=uuid.uuid4(), path=path, by=lead)
    for key, content in dossiers.complete_contents(title=f"{state} {uuid.uuid4().hex[:6]}").items():
        Page.objects.filter(application=application, key=key).update(content=content)
    dossiers.documents_add(application, lead)
    for member in members:
        own = Mandate.objects.filter(person=member).order_by("pk")[0].organisation
        Member.objects.create(application=application, person=member, organisation=own, added_by=lead)
        grants.grant(member, "view_application", application)
    if state != "draft":
        services.application_submit(application=application, seen_version=application.version, by=lead)
    if state == "withdrawn":
        submitted = dossiers.fresh(application)
        services.application_withdraw(application=submitted, seen_version=submitted.version, by=lead)
    if state in dossiers.STAGES:
        dossiers.brought_to(state, dossiers.fresh(application), lead, decider)
    if state == "committee":
        StageClock.objects.filter(application=application, ended_on=None).update(
            lapsed_at=timezone.now(), silence="favourable"
        )
    if state in {"approved", "suspended", "closed"}:
        _approve(dossiers.fresh(application), decider)
        decision = StageOutcome.objects.filter(application=application).latest("id")
        Obligation.objects.create(application=application, outcome=decision, text="Publier les résultats.")
        # Their path is not one that the law publishes: made public all the same, to be asked about.
        entry_write(dossiers.fresh(application))
        _stand(application, state)
    return application


def _approve(application: Application, decider: Person) -> None:
    with dossiers.second_factor_accepted():
        services.application_approve(
            application=application,
            seen_version=application.version,
            content_hash=application.content_hash,
            code="000000",
            comment="",
            by=decider,
        )


# The state of an extract when its dossier stands in this state.
EXTRACT_STATE = {"approved": "requested", "suspended": "to_release", "closed": "cancelled"}


def _stand(application: Application, state: str) -> None:
    """Bring the workspace and the project of an approved dossier to where they stand in this state."""
    status = {"approved": "running", "suspended": "suspended", "closed": "destroyed"}[state]
    extract = ExtractRequest.objects.get(project__application=application)
    Operation.objects.filter(workspace__project__application=application).update(status=Operation.Status.DONE)
    Workspace.objects.filter(project__application=application).update(
        status=status, desired=status, provider="scaleway", route_open=status == "running", extract_id=extract.pk
    )
    ExtractRequest.objects.filter(pk=extract.pk).update(status=EXTRACT_STATE[state], manifest_sha256="0" * 64)
    if state == "closed":
        destroyed = Workspace.objects.get(project__application=application)
        content = {"workspace": str(destroyed.pk), "answers": [], "steps": []}
        DestructionCertificate.objects.create(workspace=destroyed, content=content)
        Project.objects.filter(application=application).update(status=Project.Status.CLOSED)


def _ids(application: Application, lead: Person) -> dict[str, str]:
    """The identifiers that the addresses of this dossier's pages are made of, by the name of their parameter."""
    ids = {
        "application_id": str(application.pk),
        "attachment_id": str(Attachment.objects.get(application=application, kind="protocol").pk),
        "key": "summary",
    }
    other = Member.objects.filter(application=application).exclude(person=lead).first()
    ids["person_id"] = str(other.person_id if other else lead.pk)
    project = Project.objects.filter(application=application).first()
    if project:
        ids["project_id"] = str(project.pk)
        ids["workspace_id"] = str(project.workspace.pk)
        ids["extract_id"] = str(project.extract_requests.get().pk)
    return ids


def _items_made(world: World) -> None:
    now = timezone.now()
    for number, state in enumerate(("needs_human", "done"), FIRST_ITEM):
        item = OutboxItem.objects.create(
            pk=number,
            key=f"matrix:{uuid.uuid4()}",
            kind="matrix",
            queue="default",
            subject_id="matrix",
            status=state,
            not_before=now,
            finished_at=now if state == "done" else None,
        )
        world.items[state] = str(item.pk)


def _of_roles_made(person: Person) -> dict[str, str]:
    """An event, a recovery that waits for a steward, somebody's page of roles, a role, a report of the relocation."""
    role = StaffRoleFactory.create(pk=FIRST_ITEM, role=Role.AUDITOR.value)
    recovery = AccountRecovery.objects.create(person=person, asked_at=timezone.now())
    # One that is over: it bars nobody, and may be lifted all the same.
    Exclusion.objects.create(
        person=person,
        application=Application.objects.filter(created_by=person, status="approved")[0],
        reason="Réidentification.",
        until_on=timezone.localdate() - timedelta(days=1),
        by=person,
        at=timezone.now(),
    )
    return {
        "event_id": str(Event.objects.order_by("pk").values_list("pk", flat=True)[0]),
        "recovery_id": str(recovery.pk),
        "staff_id": str(person.pk),
        "staff_role_id": str(role.pk),
        "report_id": str(RelocationReport.objects.create(pk=FIRST_ITEM, content={}, signature="-").pk),
    }


def _passkeys_made(world: World, people: dict[str, Person]) -> None:
    for number, (name, person) in enumerate(sorted(people.items()), FIRST_ITEM):
        made = WebAuthnCredential.objects.create(
            pk=number,
            user=person,
            name="Essai",
            credential_id=name.encode(),
            public_key=authenticator_of(name).cose_key(),
            aaguid="",
            confirmed=True,
        )
        world.passkeys[name] = str(made.pk)


def authenticator_of(name: str) -> Authenticator:
    """The device that holds the passkey of this person of the world."""
    return Authenticator(settings.PORTAL_URL, settings.OTP_WEBAUTHN_RP_ID, credential_id=name.encode())


def _visitors_made(world: World, people: dict[str, Person]) -> None:
    for name, (home, roles, _) in VISITORS.items():
        if name == "anonymous":
            world.visitors[name] = Visitor(name, roles)
            continue
        person = people[name]
        cookies = _signed_in(person, name)
        world.visitors[name] = Visitor(
            name, roles, home, str(person.pk), person.email, cookies, ends_a_session=name == "timed_out"
        )
    Person.objects.filter(pk=people["deactivated"].pk).update(is_active=False)


def _signed_in(person: Person, name: str) -> str:
    """The cookies of a browser in which the person stands at their step of sign-in."""
    client = Browser()
    if name == "one_factor":
        client.force_login(person, backend="apps.accounts.backends.PersonBackend")
    else:
        client_signed_in(person, client)
    session = client.session
    # Seen in the future: then no request of the matrix has any activity to write, and no session ends meanwhile.
    moment = timezone.now() + timedelta(hours=-2 if name == "timed_out" else 24)
    session.update({"started_at": moment.timestamp(), "seen_at": moment.timestamp()})
    session.save()
    return "; ".join(f"{key}={morsel.value}" for key, morsel in client.cookies.items())
