"""Which organisations a person looks after, and what their pages show."""

from datetime import date

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Mandate, MandateRole, Organisation, Person
from apps.core.rules import Role
from apps.people.models import Invitation

_PLATFORM = frozenset({Role.STEWARD, Role.OPERATOR})


def organisations_administered_by(person: Person) -> QuerySet[Organisation]:
    """The organisations of which the person is an administrator today."""
    held = Mandate.objects.current(timezone.localdate()).filter(person=person, role=MandateRole.ADMINISTRATOR)
    return Organisation.objects.filter(pk__in=held.values("organisation_id"))


def organisations_visible_to(person: Person) -> QuerySet[Organisation]:
    """The organisations whose people this person may see: an administrator their own, stewards and operators all."""
    return Organisation.objects.all() if person.staff_roles & _PLATFORM else organisations_administered_by(person)


def invitations_visible_to(person: Person) -> QuerySet[Invitation]:
    """The invitations of these organisations."""
    return Invitation.objects.select_related("organisation").filter(organisation__in=organisations_visible_to(person))


def mandates_visible_to(person: Person) -> QuerySet[Mandate]:
    """The mandates of these organisations, past ones included."""
    return Mandate.objects.select_related("organisation", "person").filter(
        organisation__in=organisations_visible_to(person)
    )


def roles_for(person: Person, organisation: Organisation) -> frozenset[Role]:
    """What the person is for the organisation, staff roles included. One query."""
    administers = organisations_administered_by(person).filter(pk=organisation.pk).exists()
    return person.staff_roles | ({Role.ADMINISTRATOR} if administers else frozenset())


def organisations_found(text: str, today: date) -> QuerySet[Organisation]:
    """Organisations whose name holds the text, or whose SIREN begins with it, with the number of their people today."""
    found = Organisation.objects.filter(Q(name__icontains=text) | Q(siren__startswith=text.replace(" ", "")))
    current = Q(mandates__starts_on__lte=today) & (Q(mandates__ends_on=None) | Q(mandates__ends_on__gte=today))
    return found.annotate(people=Count("mandates__person", filter=current, distinct=True)).order_by("name", "pk")


def mandates_lasting(organisation: Organisation, today: date) -> QuerySet[Mandate]:
    """The organisation's mandates that hold today or are to come, by name of the person."""
    lasting = Mandate.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), organisation=organisation)
    return lasting.select_related("person").order_by("person__family_name", "person__given_name", "starts_on")


def invitations_listed(organisation: Organisation) -> QuerySet[Invitation]:
    """The organisation's invitations whose address is still known: those that await an answer first."""
    return Invitation.objects.filter(organisation=organisation).exclude(email="").order_by("-state", "-invited_at")


def acts_for(email: str, organisation: Organisation, today: date) -> bool:
    """Whether somebody with this address acts for the organisation today."""
    return Mandate.objects.current(today).filter(person__email=email, organisation=organisation).exists()
