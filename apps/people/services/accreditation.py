"""Conditions of use, professional address and ORCID iD of a person."""

import hashlib
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.accounts.models import Person, email_normalised
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.mail import mail_enqueue
from apps.people import rules, wording
from apps.people.models import (
    AddressLink,
    ConditionsAcceptance,
    ConditionsOfUse,
    ProfessionalAddress,
    ResearcherIdentifier,
)
from apps.people.policy import consumer_domains
from apps.people.secrets_sent import secret_digest, secret_new
from apps.people.selectors.accreditation import address_of_link, conditions_in_force
from apps.people.services.guarding import record_of_person, refuse_unless_allowed

ADDRESS_MAIL = "professional-address"


def conditions_publish(*, text_fr: str, text_en: str, in_force_from: date, by: Person) -> ConditionsOfUse:
    """Publish the next version of the conditions of use; from its day on, everybody is asked again.

    Raises RefusedError, ChangedMeanwhile when another version was published at the same moment.
    """
    refuse_unless_allowed("conditions.publish", by.staff_roles)
    last = ConditionsOfUse.objects.aggregate(n=Max("version"))["n"] or 0
    try:
        with transaction.atomic():
            made = ConditionsOfUse.objects.create(
                version=last + 1, in_force_from=in_force_from, text_fr=text_fr, text_en=text_en, published_by=by
            )
            data = {"version": made.version, "text_sha256": text_hash(made), "in_force_from": str(in_force_from)}
            record_of_person("conditions.published", by, by, data)
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    return made


def text_hash(conditions: ConditionsOfUse) -> str:
    """The SHA-256 of both languages: what an acceptance is bound to."""
    return hashlib.sha256(f"{conditions.text_fr}\n\f\n{conditions.text_en}".encode()).hexdigest()


def conditions_accept(*, version: int, by: Person) -> None:
    """Accept the version that was read. Raises ChangedMeanwhile when another one is in force by now."""
    found = conditions_in_force(timezone.localdate())
    if found is None or found.version != version:
        raise ChangedMeanwhile(wording.CONDITIONS_CHANGED)
    with transaction.atomic():
        _, is_new = ConditionsAcceptance.objects.get_or_create(
            person=by, conditions=found, defaults={"text_sha256": text_hash(found)}
        )
        if is_new:
            record_of_person("conditions.accepted", by, by, {"version": version, "text_sha256": text_hash(found)})


def address_verify_ask(*, email: str, by: Person) -> None:
    """Have a link sent to a professional address; earlier links no longer work.

    The address proven before stays so until the new one is proven, if it is the same. Raises RefusedError for an
    address of a provider that serves anybody.
    """
    email = email_normalised(email)
    if not rules.is_professional(email, consumer_domains()):
        raise RefusedError((wording.NOT_PROFESSIONAL,), field="email")
    with transaction.atomic():
        present = ProfessionalAddress.objects.select_for_update().filter(person=by).first()
        address = present or ProfessionalAddress(person=by, generation=0)
        if address.email != email:
            address.verified_at = None
        address.email, address.asked_at, address.generation = email, timezone.now(), address.generation + 1
        address.save()
        AddressLink.objects.filter(address=address).delete()
        mail_enqueue(kind=ADDRESS_MAIL, subject_id=str(by.pk), key=f"{by.pk}:{address.generation}")
        record_of_person("address.asked", by, by)


def address_link_new(person_id: str) -> str | None:
    """A fresh secret for a message about to be sent; None when there is no address to prove any more."""
    with transaction.atomic():
        address = ProfessionalAddress.objects.select_for_update().filter(person_id=person_id).first()
        if address is None:
            return None
        secret = secret_new()
        AddressLink.objects.create(
            digest=secret_digest(secret),
            address=address,
            generation=address.generation,
            expires_at=timezone.now() + rules.ADDRESS_LINK_LIFE,
        )
    return secret


def address_verify(*, digest: str, by: Person) -> None:
    """Prove an address by the link that was sent to it, once. Raises RefusedError when the link does not work."""
    with transaction.atomic():
        address = address_of_link(digest, by)
        if address is None or not AddressLink.objects.filter(digest=digest, address=address).delete()[0]:
            raise RefusedError((wording.ADDRESS_LINK_NO_LONGER_WORKS,))
        ProfessionalAddress.objects.filter(pk=address.pk).update(verified_at=timezone.now())
        record_of_person("address.verified", by, by)


def orcid_declare(*, orcid: str, by: Person) -> None:
    """Write the person's ORCID iD down, or take it away when blank. Raises RefusedError when its key is wrong."""
    normalised = rules.orcid_normalised(orcid)
    if normalised and not rules.orcid_is_valid(normalised):
        raise RefusedError((wording.ORCID_WRONG,), field="orcid")
    with transaction.atomic():
        if normalised:
            ResearcherIdentifier.objects.update_or_create(person=by, defaults={"orcid": normalised})
        else:
            ResearcherIdentifier.objects.filter(person=by).delete()
        record_of_person("orcid.declared", by, by, {"declared": bool(normalised)})
