"""Make the demonstration people."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from apps.accounts import factors, services
from apps.accounts.demonstration import DEMO_PASSWORD, DEMO_PEOPLE, DemoPerson
from apps.accounts.management.demo import only_in_demonstration
from apps.accounts.models import MandateRole, Organisation, Person
from apps.accounts.selectors import person_by_email
from apps.people.models import ProfessionalAddress, TrainingCertificate
from apps.people.selectors.accreditation import conditions_in_force
from apps.people.services.accreditation import conditions_accept
from apps.people.services.training import training_add

CERTIFICATE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
"""A page without a word: nobody followed this training."""


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
        siren=home.siren, defaults={"name": home.name, "kind": home.kind, "roles": list(home.roles)}
    )
    services.mandate_give(
        person=person,
        organisation=organisation,
        starts_on=today,
        role=MandateRole.ADMINISTRATOR if wanted.administers else MandateRole.MEMBER,
        may_sign=wanted.may_sign,
        by=None,
    )
    if wanted.role:
        services.staff_role_give(person=person, role=wanted.role, starts_on=today, by=None)
    if wanted.enrolled:
        factors.device_create(person, factors.seed_new())
        accredit(person)
    return person


def accredit(person: Person) -> None:
    """The training, the conditions of use and the address of somebody who has done all three."""
    today, now = timezone.localdate(), timezone.now()
    made = training_add(completed_on=today, name="attestation.pdf", data=CERTIFICATE, by=person)
    TrainingCertificate.objects.filter(pk=made.pk).update(state=TrainingCertificate.State.ACCEPTED, examined_at=now)
    conditions = conditions_in_force(today)
    if conditions:
        conditions_accept(version=conditions.version, by=person)
    ProfessionalAddress.objects.create(person=person, email=person.email, verified_at=now)
