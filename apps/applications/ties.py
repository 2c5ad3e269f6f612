"""What ties a person to a dossier, so that they must not decide on it."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Mandate, Person
from apps.applications.authorised import family_of
from apps.applications.models import Application, Member


class Ties:
    """Their mandates for an organisation in it, and their place in the team of a dossier that it amends. `all` is to be
    read with other things, or by itself in two queries at most.
    """

    def __init__(self, application: Application, person: Person) -> None:
        self.mandates = mandates_in(application, person)
        family = Member.objects.filter(application__in=family_of(application), person=person)
        self.in_the_family = family if application.amends_id else Member.objects.none()
        self.all: tuple[QuerySet[Any, Any], ...] = (self.mandates, self.in_the_family)


def mandates_in(application: Application, person: Person) -> QuerySet[Mandate]:
    """The mandates that the person holds today for an organisation of the dossier."""
    organisations = Member.objects.filter(application=application).values("organisation_id")
    held = Mandate.objects.current(timezone.localdate()).filter(person=person)
    return held.filter(Q(organisation=application.organisation_id) | Q(organisation__in=organisations))
