"""The files of the committee and the agreements that hang on the dossiers of the matrix, in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from apps.accounts.models import Person
from apps.agreements import services as agreement_services
from apps.agreements.models import Agreement
from apps.applications.models import Application
from apps.committee.models import Attendance, Ballot, Disclosure, File, Interest, Opinion, Session
from tests.factories import agreements, committee
from tests.factories.accounts import OrganisationFactory
from tests.factories.applications import platform

if TYPE_CHECKING:
    from tests.permissions.addresses import Address
    from tests.permissions.world import Dossier, Visitor, World

# The stage of the file of a dossier that stands in this state, and the status of its agreement.
FILE_STAGE = {
    "submitted": "waiting",
    "committee": "counted",
    "choice": "scheduled",
    "cnil": "voting",
    "approved": "decided",
    "closed": "ended",
}
AGREEMENT_STATUS = {"approved": "signing", "closed": "ended"}
SESSION_STATES = ("planned", "open", "closed", "cancelled")


def committee_object(
    world: World, address: Address, visitor: Visitor, position: str
) -> tuple[dict[str, str], str | None, bool] | None:
    """The identifiers of a session or of a declared link, its state, and whether it exists for the visitor.

    A session is everybody's of the committee; a link is its person's own, and in no state.
    """
    if address.object_kind == "interest_id":
        owner = visitor.name if position == "own" and visitor.name in world.interests else "somebody_laboratory"
        found = {"interest_id": world.interests[owner]}
        return None if position == "wrong_state" else (found, None, owner == visitor.name)
    states = address.action.states if address.action else frozenset()
    others = [state for state in SESSION_STATES if states and state not in states]
    state = {"own": min(states or {"open"}), "wrong_state": next(iter(others), "")}.get(position, "")
    return ({"session_id": world.sessions[state]}, state, True) if state else None


def committee_made(world: World, people: dict[str, Person]) -> None:
    """Sessions in every state, a link that each visitor of the committee declared, a file for each dossier."""
    secretary, members = committee.secretary(), [committee.member() for _ in range(2)]
    members.append(people["committee_member"])
    world.idle_member = str(committee.member().pk)
    for state in SESSION_STATES:
        world.sessions[state] = str(_session(state, secretary, members[0]).pk)
    # The files have a session of their own: one with a vote under way is not closed.
    world.sessions["of_files"] = str(_session("open", secretary, *members).pk)
    for name in ("committee_member", "committee_secretary"):
        world.interests[name] = str(_link(people[name]).pk)
    world.interests["somebody_laboratory"] = str(_link(members[0]).pk)
    for dossier in world.dossiers.values():
        if dossier.state in FILE_STAGE:
            _file(world, dossier, secretary, members)


def _session(state: str, by: Person, chair: Person, *others: Person) -> Session:
    now = timezone.now()
    held = Session.objects.create(
        held_on=timezone.localdate(),
        starts_at=now.time(),
        place="Salle",
        status=state,
        chair=chair,
        created_by=by,
        opened_at=now if state in {"open", "closed"} else None,
    )
    Attendance.objects.bulk_create(Attendance(session=held, person=person) for person in (chair, *others))
    return held


def _link(person: Person) -> Interest:
    return Interest.objects.create(
        person=person,
        organisation=OrganisationFactory.create(),
        nature="other",
        starts_on=timezone.localdate(),
        declared_at=timezone.now(),
    )


def _file(world: World, dossier: Dossier, secretary: Person, members: list[Person]) -> None:
    application = Application.objects.get(pk=dossier.ids["application_id"])
    stage, now = FILE_STAGE[dossier.state], timezone.now()
    File.objects.filter(application=application).exclude(stage="ended").update(stage="ended", session=None)
    file = File.objects.create(
        application=application,
        round=application.round,
        content_hash=application.content_hash,
        stage=stage,
        session_id=None if stage in {"waiting", "ended"} else world.sessions["of_files"],
        came_at=now,
    )
    first, second, visitor = members
    # Whoever takes part in the dossier is asked nothing: the database would refuse it.
    asked = visitor if dossier.team in {"ours", "neighbours", "others", "strangers"} else second
    for person in (first, asked):
        given = {"answered_at": now, "outcome": "favourable"} if stage != "waiting" or person == first else {}
        _ballot(file, person, secretary, "vote" if stage == "voting" else "report", **given)
        Disclosure.objects.create(person=person, application=application, has_interest=False, declared_at=now)
    if stage in {"voting", "counted"}:
        for person in (first, second):
            _ballot(file, person, secretary, "vote", answered_at=now, outcome="favourable")
    if stage == "scheduled":
        _ballot(file, second, secretary, "report", answered_at=now, outcome="favourable")
    if stage == "decided":
        _opinion(file, secretary)
    # Of the people asked about a dossier of another team, no call about this one may speak.
    dossier.ids.update(file_id=str(file.pk), rapporteur_id=str((second if dossier.team == "others" else first).pk))


def _ballot(file: File, person: Person, by: Person, kind: str, **given: object) -> None:
    Ballot.objects.get_or_create(
        file=file,
        person=person,
        kind=kind,
        defaults={"content_hash": file.content_hash, "asked_by": by, "asked_at": timezone.now(), **given},
    )


def _opinion(file: File, by: Person) -> None:
    Opinion.objects.create(
        file=file,
        content_hash=file.content_hash,
        outcome="favourable",
        text_fr="Avis.",
        tally={"favourable": 2},
        by=by,
        at=timezone.now(),
    )


def agreements_made(world: World) -> None:
    """An agreement open to signatures for each approved dossier, one that ended for each closed one."""
    platform()
    by = committee.secretary()
    for dossier in world.dossiers.values():
        if dossier.state in AGREEMENT_STATUS:
            application = Application.objects.get(pk=dossier.ids["application_id"])
            made = agreements.opened(agreement_services.agreement_prepare(application=application, by=by))
            Agreement.objects.filter(pk=made.pk).update(status=AGREEMENT_STATUS[dossier.state])
            dossier.ids["agreement_id"] = str(made.pk)
