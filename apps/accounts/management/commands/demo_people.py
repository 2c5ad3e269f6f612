"""Make the demonstration people."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from apps.accounts import factors, services
from apps.accounts.demonstration import DEMO_PASSWORD, DEMO_PEOPLE, DemoPerson
from apps.accounts.management.demo import only_in_demonstration
from apps.accounts.models import Organisation, Person
from apps.accounts.selectors import person_by_email


class Command(BaseCommand):
    help = "Make the demonstration people, once: those who exist are left as they are."

    def handle(self, **options: Any) -> None:
        only_in_demonstration()
        password = os.environ.get("HDH_DEMO_PASSWORD", DEMO_PASSWORD)
        for wanted in DEMO_PEOPLE:
            if person_by_email(wanted.email) is None:
                with transaction.atomic():
                    make(wanted, password)
                self.stdout.write(f"{wanted.email} made")


def make(wanted: DemoPerson, password: str) -> Person:
    """One demonstration person with mandate, role and second factor."""
    person = Person.objects.create_user(
        wanted.email, password, given_name=wanted.given_name, family_name=wanted.family_name
    )
    today = timezone.localdate()
    home = wanted.organisation
    organisation, _ = Organisation.objects.get_or_create(
        siren=home.siren, defaults={"name": home.name, "kind": home.kind}
    )
    services.mandate_give(person=person, organisation=organisation, starts_on=today, may_sign=wanted.may_sign, by=None)
    if wanted.role:
        services.staff_role_give(person=person, role=wanted.role, starts_on=today, by=None)
    if wanted.enrolled:
        factors.device_create(person, factors.seed_new())
    return person
