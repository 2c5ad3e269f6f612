"""Reading what lies before the committee: nothing of a file for whoever has an interest in it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person, StaffRole
from apps.applications.models import Application, Member
from apps.applications.selectors import conflicts_of as applications_conflicts
from apps.applications.selectors import gather
from apps.applications.ties import Ties
from apps.committee import rules
from apps.committee.models import Attendance, Ballot, Disclosure, File, Interest, Session
from apps.committee.policy import Policy, policy_on
from apps.committee.rules import BallotKind, Conflict
from apps.core.rules import Role


def interests_counting(person: Person, today: date) -> QuerySet[Interest]:
    """The interests that keep the person away today: those that last, and those that ended recently enough."""
    return Interest.objects.filter(
        Q(counts_until=None) | Q(counts_until__gte=today), person=person, starts_on__lte=today
    )


def files_visible_to(person: Person) -> QuerySet[File]:
    """Every file that came before the committee, but those in which the person has an interest: their own dossiers,
    those of an organisation of theirs, and those of which they declared it.
    """
    today = timezone.localdate()
    mandates = Mandate.objects.current(today).filter(person=person)
    # Read first: PostgreSQL, which then knows how few they are, finds the dossiers they are in by the index.
    theirs = list(
        mandates.values_list("organisation", flat=True).union(
            interests_counting(person, today).values_list("organisation", flat=True)
        )
    )
    kept_away: tuple[QuerySet[Any, Any], ...] = (
        Application.objects.filter(Q(created_by=person) | Q(organisation__in=theirs)).values("pk"),
        Member.objects.filter(Q(person=person) | Q(organisation__in=theirs)).values("application"),
        Disclosure.objects.filter(person=person, has_interest=True).values("application"),
    )
    files = File.objects.select_related("application__organisation", "session").order_by("came_at", "id")
    for dossiers in kept_away:
        files = files.exclude(application__in=dossiers)
    return files


class Links:
    """What ties a person to a dossier; `with_what`: what else is read of the dossier in the same query."""

    def __init__(self, person: Person, application: Application, *with_what: "QuerySet[Any, Any]") -> None:
        members = Member.objects.filter(application=application).values("organisation_id")
        linked = interests_counting(person, timezone.localdate()).filter(
            Q(organisation=application.organisation_id) | Q(organisation__in=members)
        )
        declared = Disclosure.objects.filter(person=person, application=application)
        has_interest = declared.values_list("has_interest", flat=True)
        ties = Ties(application, person)
        gather(application, linked, has_interest, *ties.all, *with_what)
        found = {Conflict(str(conflict)) for conflict in applications_conflicts(person, application, ties)}
        is_linked = bool(linked) or True in has_interest
        self.conflicts = frozenset(found | {Conflict.DECLARED} if is_linked else found)
        self.disclosed_none = False in has_interest


def conflicts_of(person: Person, application: Application) -> frozenset[Conflict]:
    """Why the dossier is not this person's to examine; empty when it is."""
    return Links(person, application).conflicts


def members_on(day: date) -> QuerySet[Person]:
    """The members of the committee on a day, by name."""
    held = StaffRole.objects.current(day).filter(role=Role.COMMITTEE_MEMBER)
    return Person.objects.filter(pk__in=held.values("person"), is_active=True).order_by("family_name", "given_name")


def members_independent_of(application: Application) -> QuerySet[Person]:
    """The members who may examine the dossier, by name."""
    today = timezone.localdate()
    organisations = Organisation.objects.filter(
        Q(pk=application.organisation_id)
        | Q(pk__in=Member.objects.filter(application=application).values("organisation"))
    ).values("pk")
    acting = Mandate.objects.current(today).filter(person=OuterRef("pk"), organisation__in=organisations)
    linked = Interest.objects.filter(
        Q(counts_until=None) | Q(counts_until__gte=today),
        person=OuterRef("pk"),
        starts_on__lte=today,
        organisation__in=organisations,
    )
    on_team = Member.objects.filter(application=application, person=OuterRef("pk"))
    declared = Disclosure.objects.filter(application=application, person=OuterRef("pk"), has_interest=True)
    return (
        members_on(today)
        .exclude(pk=application.created_by_id)
        .exclude(Exists(acting))
        .exclude(Exists(linked))
        .exclude(Exists(on_team))
        .exclude(Exists(declared))
    )


def attending(session: Session | None) -> "QuerySet[Attendance, UUID]":
    """The identifiers of those present in a session."""
    found = Attendance.objects.filter(session=session) if session else Attendance.objects.none()
    return found.values_list("person_id", flat=True)


def present_in(session: Session | None) -> frozenset[UUID]:
    """Who is present in a session."""
    return frozenset(attending(session))


def people_present(session: Session) -> list[Person]:
    """Who is present in a session, by name."""
    return list(Person.objects.filter(pk__in=present_in(session)).order_by("family_name", "given_name"))


def ballots_of(file: File) -> QuerySet[Ballot]:
    """All ballots of a file, void ones included, in the order in which they were asked."""
    return Ballot.objects.filter(file=file).select_related("person").order_by("asked_at", "id")


def live(ballots: Iterable[Ballot], kind: BallotKind) -> list[Ballot]:
    """The ballots of a kind that are not void."""
    return [ballot for ballot in ballots if ballot.kind == kind and ballot.voided_at is None]


def is_revealed(ballots: Iterable[Ballot], file: File, kind: BallotKind) -> bool:
    """Whether the answers of this kind may be seen. Reports are closed by the vote, the vote by its closure."""
    after = {
        BallotKind.REPORT: {rules.Stage.VOTING, rules.Stage.COUNTED, rules.Stage.DECIDED},
        BallotKind.VOTE: {rules.Stage.COUNTED, rules.Stage.DECIDED},
    }[kind]
    return rules.is_revealed([ballot.facts for ballot in live(ballots, kind)], closed=file.stage in after)


def ballots_seen_by(person: Person, ballots: Iterable[Ballot], file: File, kind: BallotKind) -> list[Ballot]:
    """The answers of a kind that the person may read now: their own, and all once everybody asked has answered."""
    revealed = is_revealed(ballots, file, kind)
    return [
        ballot
        for ballot in live(ballots, kind)
        if rules.may_see(ballot.facts, reader=str(person.pk), revealed=revealed)
    ]


def policy_of(file: File) -> Policy:
    """The committee's numbers for a file: those of the day it came, whatever changes later."""
    return policy_on(timezone.localdate(file.came_at))


class Read:
    """A file with its ballots, the members who may examine it and what ties a person to it. One query, with the team
    and the documents of the dossier and what else is wanted beside them.
    """

    def __init__(self, file: File, person: Person, *beside: "QuerySet[Any, Any]") -> None:
        ballots, entitled, present = ballots_of(file), members_independent_of(file.application), attending(file.session)
        self.links = Links(person, file.application, ballots, entitled, present, *beside)
        self.ballots, self.entitled, self.present = list(ballots), list(entitled), frozenset(present)
        self.facts = _facts(file, person, self)


def file_facts(file: File, person: Person) -> rules.Facts:
    """The facts for what a person may do about a file; `file` carries its application and session."""
    return Read(file, person).facts


def _facts(file: File, person: Person, read: Read) -> rules.Facts:
    ballots, entitled, policy = read.ballots, read.entitled, policy_of(file)
    reports = live(ballots, BallotKind.REPORT)
    present = read.present & {member.pk for member in entitled}
    return rules.Facts(
        stage=file.stage,
        roles=frozenset({Role.PERSON, *person.staff_roles}),
        conflicts=read.links.conflicts,
        asked=any(ballot.person_id == person.pk and ballot.answered_at is None for ballot in _open(ballots)),
        disclosed=read.links.disclosed_none,
        unchanged=rules.is_held(file.application.content_hash, file.content_hash),
        session=rules.SessionStatus(file.session.status) if file.session else None,
        reports_asked=len(reports),
        reports_in=sum(ballot.answered_at is not None for ballot in reports),
        reports_needed=policy.reports_needed,
        present=len(present),
        quorum=rules.quorum(len(entitled), policy.quorum_percent),
        recordable=recordable(file, ballots, rules.quorum(len(entitled), policy.quorum_percent)),
    )


def _open(ballots: Iterable[Ballot]) -> list[Ballot]:
    return [ballot for ballot in ballots if ballot.voided_at is None]


def recordable(file: File, ballots: Iterable[Ballot], quorum: int) -> frozenset[rules.Outcome]:
    """The outcomes that an opinion on this file may have now; only an adjournment before its vote is closed."""
    if file.stage != rules.Stage.COUNTED:
        return frozenset({rules.Outcome.ADJOURNED})
    votes = votes_of(ballots)
    chair = str(file.session.chair_id) if file.session else ""
    return rules.recordable(votes, chair=chair, quorum=quorum)


def votes_of(ballots: Iterable[Ballot]) -> Mapping[str, rules.Outcome]:
    """Who voted what, void and unanswered ballots left aside."""
    return {
        str(ballot.person_id): rules.Outcome(ballot.outcome)
        for ballot in live(ballots, BallotKind.VOTE)
        if ballot.answered_at is not None
    }


def agenda_seen_by(person: Person, session: Session) -> QuerySet[File]:
    """The files on the agenda of a session that exist for the person, in their order."""
    return files_visible_to(person).filter(session=session).order_by("position", "came_at", "id")


def sessions() -> QuerySet[Session]:
    """Every session, the latest first."""
    return Session.objects.select_related("chair").order_by("-held_on", "-starts_at", "id")


def sessions_taking_files() -> QuerySet[Session]:
    """The sessions on whose agenda a file may be put, the next one first."""
    live = [rules.SessionStatus.PLANNED, rules.SessionStatus.OPEN]
    return Session.objects.filter(status__in=live).order_by("held_on", "starts_at", "id")
