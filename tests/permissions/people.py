"""What the matrix asks about organisations: their people and invitations, and what a person keeps alone."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from apps.accounts.models import Organisation, Person
from apps.core.rules import Role
from apps.people.models import AddressLink, Invitation, InvitationLink, ProfessionalAddress, TrainingCertificate
from apps.people.secrets_sent import secret_digest
from apps.reviews.models import Review, ReviewItem
from tests.factories.accounts import MandateFactory
from tests.factories.people import certificate, invitation

# visitor -> the organisation of which they are an administrator
ADMINISTRATORS = {"investigator": "hospital", "stranger": "institute"}
KEPT_BY_AN_ORGANISATION = frozenset({"organisation_id", "invitation_id", "mandate_id", "holder_id"})
KEPT_BY_A_PERSON = frozenset({"own_certificate_id", "secret"})
FOREIGN = "laboratory"


def secret_for(name: str) -> str:
    """A secret to put in an address, as long as any other."""
    return f"{name:-<24}"


OPEN_TO_ALL = frozenset(
    {"certificate_id", "invitation_secret", "review_id"}
)  # of those who hold the role, whatever their organisation


@dataclass(frozen=True)
class Found:
    """An object, what the visitor is for it, and its state if it has one."""

    id: str
    relation: frozenset[Role] = frozenset()
    state: str | None = None
    exists: bool = True


@dataclass
class PeopleObjects:
    """Identifiers by organisation (or person), kind and state."""

    by_home: dict[tuple[str, str, str], str] = field(default_factory=dict)
    by_person: dict[tuple[str, str], str] = field(default_factory=dict)

    def some(self, visitor: str) -> dict[str, str]:
        """One of each."""
        kept = {kind: self.by_home[FOREIGN, kind, ""] for kind in KEPT_BY_AN_ORGANISATION | OPEN_TO_ALL}
        return kept | {kind: self.by_person[visitor, kind] for kind in KEPT_BY_A_PERSON}

    def at(self, kind: str, visitor: str, home: str, position: str) -> Found | None:
        """The object of this kind at a position; None where there is none in such a state."""
        if kind in KEPT_BY_A_PERSON:
            return self._alone(kind, visitor, position)
        where = FOREIGN if position == "foreign" else home or "hospital"
        ended = position == "wrong_state"
        found = self.by_home.get((where, kind, "ended" if ended else ""))
        if found is None:
            return None
        administers = ADMINISTRATORS.get(visitor) == where and kind in KEPT_BY_AN_ORGANISATION
        relation = frozenset({Role.ADMINISTRATOR}) if administers else frozenset[Role]()
        return Found(found, relation, _STATES.get((kind, ended)))

    def _alone(self, kind: str, visitor: str, position: str) -> Found | None:
        if position == "wrong_state":
            return None
        owner = visitor if position == "own" and (visitor, kind) in self.by_person else "somebody_laboratory"
        return Found(self.by_person[owner, kind], exists=owner == visitor)


_STATES: dict[tuple[str, bool], str] = {
    ("invitation_id", False): "pending",
    ("invitation_id", True): "withdrawn",
    ("certificate_id", False): "pending",
    ("review_id", False): "open",
    ("review_id", True): "closed",
    ("certificate_id", True): "accepted",
}


def people_objects_made(
    people: dict[str, Person], homes: dict[str, Organisation], decider: Person, first_number: int
) -> PeopleObjects:
    """Make them, and the administrators."""
    made = PeopleObjects()
    for number, (name, home) in enumerate(sorted(homes.items()), first_number):
        _of_home(made, name, home, people[f"somebody_{name}"], decider, number)
    for name, home in ADMINISTRATORS.items():
        MandateFactory.create(
            person=people[name], organisation=homes[home], role="administrator", starts_on=date(2020, 1, 2)
        )
    for name, person in people.items():
        _of_person(made, name, person)
    _reviews_made(made, homes, people["somebody_laboratory"], decider)
    return made


def _reviews_made(made: PeopleObjects, homes: dict[str, Organisation], holder: Person, opener: Person) -> None:
    """An open review with one access to be confirmed, and a closed one: they are of every organisation."""
    now = timezone.now()
    closed = Review.objects.create(opened_by=opener, closes_at=now, closed_at=now, state="closed")
    opened = Review.objects.create(opened_by=opener, closes_at=now + timedelta(days=30))
    for review in (closed, opened):
        ReviewItem.objects.create(review=review, kind="mandate", grant_id=1, holder=holder, role="member")
    for name in homes:
        made.by_home[name, "review_id", ""] = str(opened.pk)
        made.by_home[name, "review_id", "ended"] = str(closed.pk)


def _of_home(
    made: PeopleObjects, name: str, home: Organisation, somebody: Person, decider: Person, number: int
) -> None:
    mandate = MandateFactory.create(pk=number, person=somebody, organisation=home, starts_on=date(2020, 1, 3))
    made.by_home[name, "organisation_id", ""] = str(home.pk)
    made.by_home[name, "mandate_id", ""] = str(mandate.pk)
    made.by_home[name, "holder_id", ""] = str(somebody.pk)
    made.by_home[name, "certificate_id", ""] = str(certificate(somebody).pk)
    accepted = certificate(somebody, state=TrainingCertificate.State.ACCEPTED, by=decider)
    made.by_home[name, "certificate_id", "ended"] = str(accepted.pk)
    pending = invitation(home, by=decider)
    InvitationLink.objects.create(digest=secret_digest(secret_for(name)), invitation=pending, generation=1)
    made.by_home[name, "invitation_id", ""] = str(pending.pk)
    made.by_home[name, "invitation_secret", ""] = secret_for(name)
    withdrawn = invitation(home, by=decider)
    Invitation.objects.filter(pk=withdrawn.pk).update(state="withdrawn", ended_at=timezone.now())
    made.by_home[name, "invitation_id", "ended"] = str(withdrawn.pk)


def _of_person(made: PeopleObjects, name: str, person: Person) -> None:
    made.by_person[name, "own_certificate_id"] = str(certificate(person).pk)
    address = ProfessionalAddress.objects.get(person=person)
    AddressLink.objects.create(
        digest=secret_digest(secret_for(name)),
        address=address,
        generation=1,
        expires_at=timezone.now() + timedelta(days=1),
    )
    made.by_person[name, "secret"] = secret_for(name)
