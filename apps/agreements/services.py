"""Writes of agreements. Each is one transaction with its event; `by` is the person who acts."""

import hashlib
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.agreements import content, rules, selectors
from apps.agreements.models import Agreement, Party, Refusal, Signature, Version
from apps.agreements.wording import REASONS
from apps.applications import canonical
from apps.applications.models import Application
from apps.applications.services import agreement_signed
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.happenings import happened
from apps.core.outbox import outbox_enqueue
from apps.core.rules import Refused

SIGN = "agreement.sign"


def agreement_prepare(*, application: Application, by: Person) -> Agreement:
    """Write the agreement of an approved dossier with its parties and its first version, whose document a worker makes.

    In the caller's transaction; doing it again changes nothing. Raises NoPlatform.
    """
    made, is_new = Agreement.objects.get_or_create(application=application, defaults={"created_at": timezone.now()})
    if is_new:
        Party.objects.bulk_create(
            Party(agreement=made, kind=kind, organisation=organisation)
            for kind, organisation in content.parties_of(application)
        )
        version = _version_create(made, number=1, clauses="", reason="", by=by)
        _record("agreement.prepared", made, str(by.pk), version)
    return made


def agreement_end(*, application: Application, by: str) -> None:
    """End the agreement of a dossier that left this stage unsigned. In the caller's transaction; once is enough."""
    found = Agreement.objects.select_for_update().filter(application=application, status__in=rules.OPEN).first()
    if found is None:
        return
    Agreement.objects.filter(pk=found.pk).update(status=rules.Status.ENDED, version=F("version") + 1)
    version = selectors.present_version(found)
    _signatures_void(version, Signature.Void.ENDED)
    _record("agreement.ended", found, by, version)


def agreement_revise(*, agreement: Agreement, seen_version: int, clauses: str, reason: str, by: Person) -> Version:
    """Make a new version from the dossier as it is now, with these special clauses: every signature given is void.

    The signatories are told. Raises RefusedError (field "reason" when there is none), ChangedMeanwhile.
    """
    if not reason.strip():
        raise RefusedError((_("Say what changes: the signatories read it."),), field="reason")
    with transaction.atomic():
        locked = _locked(agreement)
        _refuse_unless_allowed("agreement.revise", selectors.agreement_facts(locked, by))
        _move(locked, "agreement.revise", rules.Status.PREPARING, seen_version=seen_version)
        before = selectors.present_version(locked)
        voided = _signatures_void(before, Signature.Void.REVISED)
        Version.objects.filter(pk=before.pk).update(superseded_at=timezone.now())
        version = _version_create(
            locked, number=before.number + 1, clauses=clauses.strip(), reason=reason.strip(), by=by
        )
        _record("agreement.revised", locked, str(by.pk), version, {"voided": voided})
        happened("agreement.revised", subject_id=str(locked.pk), by=str(by.pk))
        return version


def document_keep(*, version: Version, document: bytes, by: str) -> None:
    """Keep the document of a version that awaits it, and open it to signatures. Keeping it again changes nothing."""
    made_hash = hashlib.sha256(document).hexdigest()
    with transaction.atomic():
        waiting = Version.objects.filter(pk=version.pk, document=None, superseded_at=None)
        if not waiting.update(document=document, document_hash=made_hash):
            return
        agreement = _locked(version.agreement)
        _move(agreement, "agreement.document_made", rules.Status.SIGNING, seen_version=agreement.version)
        kept = selectors.present_version(agreement)
        _record("agreement.document_made", agreement, by, kept, {"document_hash": made_hash})
        happened("agreement.document_made", subject_id=str(agreement.pk), by=by)


def agreement_sign(*, agreement: Agreement, party: Party, document_hash: str, code: str, by: Person) -> Signature:
    """Sign exactly the document that was read, for a party, by a mandate that holds today. The last signature grants
    what was approved, in the same transaction. A double click signs once.

    Raises RefusedError (with field "otp_code" for the code), ChangedMeanwhile.
    """
    done = _already_signed(party, document_hash, by)
    if done:
        return done
    present = Agreement.objects.select_related("application").get(pk=agreement.pk)
    _refuse_unless_allowed(SIGN, _facts_to_sign(present, party, document_hash, by))
    step_up_confirm(person=by, code=code, action=SIGN, object_id=str(agreement.pk), content_hash=document_hash)
    with transaction.atomic():
        locked = _locked(agreement)
        _refuse_unless_allowed(SIGN, _facts_to_sign(locked, party, document_hash, by))
        version = selectors.present_version(locked)
        step_up_spend(person=by, action=SIGN, object_id=str(agreement.pk), content_hash=version.document_hash)
        signature = _signature_create(version, party, by)
        _record(
            "agreement.signed_by_party",
            locked,
            str(by.pk),
            version,
            {"party": party.kind, "document_hash": version.document_hash, "record_hash": signature.record_hash},
        )
        _complete_when_all_signed(locked, version, by)
        return signature


def _facts_to_sign(agreement: Agreement, party: Party, document_hash: str, by: Person) -> rules.Facts:
    facts = selectors.agreement_facts(agreement, by, party=party, seen_hash=document_hash)
    version = selectors.present_version(agreement)
    said = _said(agreement, version.clauses, version.number)
    return replace(facts, dossier_unchanged=all(said[name] == version.content[name] for name in content.OF_THE_DOSSIER))


def _already_signed(party: Party, document_hash: str, by: Person) -> Signature | None:
    counting = Signature.objects.filter(party=party, person=by, document_hash=document_hash, voided_at=None)
    return counting.first()


def _signature_create(version: Version, party: Party, by: Person) -> Signature:
    mandate = selectors.mandates_to_sign(by).filter(organisation=party.organisation_id).order_by("starts_on")[0]
    signature = Signature(
        id=uuid4(),
        document_version=version,
        party=party,
        person=by,
        mandate=mandate,
        document_hash=version.document_hash,
        signed_at=timezone.now(),
        record={
            "name": by.full_name,
            "organisation": party.organisation.name,
            "siren": party.organisation.siren,
            "as": party.kind,
            "mandate_from": mandate.starts_on.isoformat(),
            "mandate_to": mandate.ends_on.isoformat() if mandate.ends_on else "",
            "number": version.number,
            "content_hash": version.content_hash,
        },
    )
    signature.record = selectors.record_of(signature)
    signature.record_hash = canonical.sha256_of(signature.record)
    signature.save(force_insert=True)
    return signature


def _complete_when_all_signed(agreement: Agreement, version: Version, by: Person) -> None:
    parties = {str(party.pk) for party in selectors.parties_of(agreement)}
    signed = {str(signature.party_id) for signature in selectors.signatures_of(version)}
    if not rules.is_complete(parties, signed):
        return
    _move(agreement, SIGN, rules.Status.SIGNED, seen_version=agreement.version, signed_at=timezone.now())
    _record("agreement.signed", agreement, str(by.pk), version, {"document_hash": version.document_hash})
    agreement_signed(application=agreement.application, by=by)


def agreement_decline(*, agreement: Agreement, party: Party, document_hash: str, reason: str, by: Person) -> Refusal:
    """Decline to sign the document that was read, saying why: a steward revises it or closes the dossier.

    Raises RefusedError (field "reason" when there is none), ChangedMeanwhile.
    """
    if not reason.strip():
        raise RefusedError((_("Say why you decline: the steward reads it."),), field="reason")
    with transaction.atomic():
        locked = _locked(agreement)
        facts = selectors.agreement_facts(locked, by, party=party, seen_hash=document_hash)
        _refuse_unless_allowed("agreement.decline", facts)
        version = selectors.present_version(locked)
        _move(locked, "agreement.decline", rules.Status.DECLINED, seen_version=locked.version)
        made = Refusal.objects.create(
            document_version=version, party=party, person=by, reason=reason.strip(), at=timezone.now()
        )
        _record("agreement.declined", locked, str(by.pk), version, {"party": party.kind})
        happened("agreement.declined", subject_id=str(locked.pk), by=str(by.pk))
        return made


def _version_create(agreement: Agreement, *, number: int, clauses: str, reason: str, by: Person) -> Version:
    said = _said(agreement, clauses, number)
    version = Version.objects.create(
        agreement=agreement,
        number=number,
        content=said,
        content_hash=canonical.sha256_of(said),
        clauses=clauses,
        reason=reason,
        made_by=by,
        made_at=timezone.now(),
    )
    outbox_enqueue(kind="agreement.document", key=f"agreement:{version.pk}", subject_id=str(version.pk))
    return version


def _said(agreement: Agreement, clauses: str, number: int) -> dict[str, Any]:
    """What a version of this number says, from the dossier as it is now."""
    parties = [(party.kind, party.organisation) for party in selectors.parties_of(agreement)]
    return {**content.content_of(agreement.application, parties, clauses), "version": number}


def _signatures_void(version: Version, reason: Signature.Void) -> int:
    counting = Signature.objects.filter(document_version=version, voided_at=None)
    return counting.update(voided_at=timezone.now(), void_reason=reason)


def _locked(agreement: Agreement) -> Agreement:
    held = Agreement.objects.select_for_update(no_key=True, of=("self",))
    return held.select_related("application__organisation").get(pk=agreement.pk)


def _move(agreement: Agreement, action: str, target: rules.Status, *, seen_version: int, **values: Any) -> None:
    """Change the status if the agreement is still as it was seen. Raises ChangedMeanwhile."""
    sources = rules.transition(action).sources
    moved = Agreement.objects.filter(pk=agreement.pk, version=seen_version, status__in=sources).update(
        status=target, version=F("version") + 1, **values
    )
    if not moved:
        raise ChangedMeanwhile


def _refuse_unless_allowed(action: str, facts: rules.Facts) -> None:
    decision = rules.decide(action, facts)
    if isinstance(decision, Refused):
        raise refusal(decision, REASONS)


def _record(action: str, agreement: Agreement, by: str, version: Version, data: dict[str, Any] | None = None) -> None:
    event_record(
        action=action,
        actor=by,
        object_kind="agreement",
        object_id=str(agreement.pk),
        dossier_id=str(agreement.application_id),
        data={"number": version.number, "content_hash": version.content_hash, **(data or {})},
    )
