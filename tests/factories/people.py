"""Invitations, certificates and whole accreditations for tests."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import Organisation, Person
from apps.applications import storage
from apps.people.models import ConditionsAcceptance, Invitation, ProfessionalAddress, TrainingCertificate
from apps.people.selectors.accreditation import conditions_in_force
from tests.factories.accounts import OrganisationFactory, PersonFactory

CERTIFICATE = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer << >>\n%%EOF\n"


def invitation(organisation: Organisation | None = None, *, by: Person | None = None, **fields: Any) -> Invitation:
    """An invitation that awaits an answer for a week."""
    return Invitation.objects.create(
        organisation=organisation or OrganisationFactory.create(),
        invited_by=by or PersonFactory.create(),
        **{
            "email": f"{uuid.uuid4().hex[:12]}@exemple.fr",
            "given_name": "Maxime",
            "family_name": "Essai",
            "expires_at": timezone.now() + timedelta(days=7),
            **fields,
        },
    )


def certificate(
    person: Person, *, state: str = "pending", by: Person | None = None, days_ago: int = 30, stored: bool = True
) -> TrainingCertificate:
    """A certificate of a training completed some days ago (MEDIA_DIR must be set, unless not `stored`)."""
    completed = timezone.localdate() - timedelta(days=days_ago)
    made = TrainingCertificate.objects.create(
        person=person,
        completed_on=completed,
        expires_on=completed + timedelta(days=365),
        name="attestation.pdf",
        media_type="application/pdf",
        size=len(CERTIFICATE),
        sha256="0" * 64,
        state=state,
        examined_by=by,
        examined_at=None if state == "pending" else timezone.now(),
        scan="clean",
        reason="Illisible." if state == "refused" else "",
    )
    if stored:
        sealed = storage.store(made.storage_key, CERTIFICATE)
        TrainingCertificate.objects.filter(pk=made.pk).update(sealed_key=sealed)
    return made


def accredit(person: Person) -> Person:
    """Give a person an accreditation that holds."""
    if not person.training_certificates.filter(state="accepted").exists():
        certificate(person, state="accepted", stored=False)
    conditions = conditions_in_force(timezone.localdate())
    if conditions:
        ConditionsAcceptance.objects.get_or_create(
            person=person, conditions=conditions, defaults={"text_sha256": "0" * 64}
        )
    ProfessionalAddress.objects.update_or_create(
        person=person, defaults={"email": person.email, "verified_at": timezone.now()}
    )
    return person
