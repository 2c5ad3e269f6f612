"""What a person's accreditation rests on, for them, for those who look after them, and for the gate."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from apps.accounts.models import Mandate, Person
from apps.applications.exclusions import exclusions_in_force
from apps.applications.models import Member
from apps.core.reading_together import read_together
from apps.core.rules import Role
from apps.people.models import (
    AddressLink,
    ConditionsAcceptance,
    ConditionsOfUse,
    ProfessionalAddress,
    ResearcherIdentifier,
    TrainingCertificate,
)
from apps.people.rules import AccreditationFacts, Condition, Period, accreditation_conditions, best_period
from apps.people.selectors.organisations import organisations_administered_by

_PLATFORM = frozenset({Role.STEWARD, Role.OPERATOR})


def conditions_in_force(today: date) -> ConditionsOfUse | None:
    """The version of the conditions of use that binds on this day; None before the first."""
    return ConditionsOfUse.objects.filter(in_force_from__lte=today).order_by("-version").first()


def accreditation_facts(person: Person, today: date) -> AccreditationFacts:
    """The facts of a person's accreditation; one query."""
    certificates = TrainingCertificate.objects.filter(person=person).exclude(state="refused")
    acceptances = ConditionsAcceptance.objects.filter(person=person).order_by("-conditions_id")[:1]
    addresses = ProfessionalAddress.objects.filter(person=person)
    versions = ConditionsOfUse.objects.filter(in_force_from__lte=today).order_by("-version")
    versions_in_force = versions.values_list("version", flat=True)[:1]
    read_together(certificates, acceptances, addresses, versions_in_force)
    accepted = [Period(one.completed_on, one.expires_on) for one in certificates if one.state == "accepted"]
    last, address = next(iter(acceptances), None), next(iter(addresses), None)
    return AccreditationFacts(
        training=best_period(accepted, today),
        training_pending=any(one.state == "pending" and one.expires_on >= today for one in certificates),
        conditions_version=next(iter(versions_in_force), None),
        accepted_version=last.conditions_id if last else None,
        accepted_on=timezone.localdate(last.accepted_at) if last else None,
        address_verified_on=timezone.localdate(address.verified_at) if address and address.verified_at else None,
        address_pending=address is not None,
    )


def accreditation_of(person: Person) -> tuple[Condition, ...]:
    """The conditions of a person's accreditation as they stand today."""
    today = timezone.localdate()
    return accreditation_conditions(accreditation_facts(person, today), today)


def people_accredited() -> QuerySet[Person]:
    """The active people whose accreditation holds now, by the database's clock: for the gateway's one statement.

    The same three conditions as `accreditation_conditions`; a test compares the two.
    """
    return _accredited().all()


@cache
def _accredited() -> QuerySet[Person]:
    """The question, which is always the same: nobody reads its answer here."""
    today = TruncDate(Now())
    version = ConditionsOfUse.objects.filter(in_force_from__lte=today).order_by("-version").values("version")[:1]
    training = TrainingCertificate.objects.filter(
        person=OuterRef("pk"), state="accepted", completed_on__lte=today, expires_on__gte=today
    )
    acceptance = ConditionsAcceptance.objects.filter(person=OuterRef("pk"), conditions_id__gte=Subquery(version))
    none_published = ~Exists(ConditionsOfUse.objects.filter(in_force_from__lte=today))
    return Person.objects.filter(
        Exists(training),
        Q(none_published) | Q(Exists(acceptance)),
        is_active=True,
        professional_address__verified_at__isnull=False,
    )


def standing_of_team(team: Iterable[Member]) -> dict[UUID, tuple[bool, bool]]:
    """Whether each person of a team is accredited, and whether they or an organisation of it are excluded from new
    applications after a misuse. One query.
    """
    found = list(team)
    people = {member.person_id for member in found}
    organisations = [member.organisation_id for member in found]
    accredited = people_accredited().filter(pk__in=people).values_list("pk", flat=True)
    concerning = Q(person__in=people) | Q(organisation__in=organisations)
    barred = exclusions_in_force().filter(concerning).values_list("person", "organisation")
    read_together(accredited, barred)
    everybody = any(organisation for _person, organisation in barred)
    excluded = people if everybody else {person for person, _organisation in barred}
    return {person: (person in accredited, person in excluded) for person in people}


def certificates_of(person: Person) -> QuerySet[TrainingCertificate]:
    """The person's own certificates, the latest training first."""
    return TrainingCertificate.objects.filter(person=person)


def certificates_to_examine() -> QuerySet[TrainingCertificate]:
    """The certificates that wait for a steward, the longest waiting first."""
    waiting = TrainingCertificate.objects.filter(state=TrainingCertificate.State.PENDING)
    return waiting.select_related("person").order_by("added_at", "pk")


def holders_visible_to(person: Person) -> QuerySet[Person]:
    """The people whose accreditation this person may see: all for stewards and operators, an administrator's own."""
    if person.staff_roles & _PLATFORM:
        return Person.objects.all()
    theirs = Mandate.objects.current(timezone.localdate()).filter(
        organisation__in=organisations_administered_by(person)
    )
    return Person.objects.filter(pk__in=theirs.values("person_id"))


def address_of(person: Person) -> ProfessionalAddress | None:
    """The professional address the person gave, proven or not."""
    return ProfessionalAddress.objects.filter(person=person).first()


def address_of_link(digest: str, person: Person) -> ProfessionalAddress | None:
    """The address that a link proves, if it is this person's and still works."""
    link = AddressLink.objects.filter(
        digest=digest, address__person=person, generation=F("address__generation"), expires_at__gt=timezone.now()
    )
    return ProfessionalAddress.objects.filter(person=person, pk__in=link.values("address_id")).first()


def orcid_of(person: Person) -> str:
    """The ORCID iD the person declared, blank without one."""
    return ResearcherIdentifier.objects.filter(person=person).values_list("orcid", flat=True).first() or ""


def certificate_files() -> QuerySet[TrainingCertificate, str]:
    """The names of the files that certificates are kept in."""
    return TrainingCertificate.objects.order_by().values_list("storage_key", flat=True)
