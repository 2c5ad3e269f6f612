"""What the pages of an agreement show, in a fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Person
from apps.agreements import rules, selectors
from apps.agreements.forms import DeclineForm, ReviseForm, SignForm
from apps.agreements.models import Agreement, Party, Signature
from apps.agreements.wording import CHECKS
from apps.core.rules import Allowed, Role


@dataclass(frozen=True)
class PartyLine:
    """One party: its signature if it has signed, and who may sign for it."""

    party: Party
    signature: Signature | None
    signatories: list[Person]


def agreement_page(agreement: Agreement, reader: Person) -> dict[str, Any]:
    """Where the agreement stands: its version, each party's signature, what the reader may do."""
    read = selectors.Read(agreement, reader)
    version = read.version
    signed = {signature.party_id: signature for signature in read.signatures}
    mine = [party for party in read.signed_for if party.pk not in signed]
    facts = read.facts()
    signs = bool(mine) and agreement.status == rules.Status.SIGNING and not _has_signed(signed, reader)
    return {
        "agreement": agreement,
        "application": agreement.application,
        "version": version,
        "lines": [PartyLine(party, signed.get(party.pk), read.signatories[party.pk]) for party in read.parties],
        "refusals": read.refusals,
        "earlier": read.earlier,
        "revise_form": ReviseForm(agreement, version) if _may_revise(facts) else None,
        "is_steward": Role.STEWARD in facts.roles,
        "is_team": Role.MEMBER in facts.roles,
        "sign_form": SignForm(mine, version) if signs else None,
        "decline_form": DeclineForm(mine, version) if signs else None,
    }


def _may_revise(facts: rules.Facts) -> bool:
    """Whether the reader is a steward who may make a new version."""
    return Role.STEWARD in facts.roles and rules.decide("agreement.revise", facts) == Allowed()


def _has_signed(signed: dict[int, Signature], reader: Person) -> bool:
    return any(signature.person_id == reader.pk for signature in signed.values())


def verified(agreement: Agreement, brought: bytes | None) -> dict[str, Any]:
    """What checking found, in words."""
    checked = selectors.verification(agreement, brought)
    return {"checked": checked, "faults": [CHECKS[fault] for fault in sorted(checked.faults)]}


def signature_record(agreement: Agreement) -> dict[str, Any]:
    """The signatures as data: whoever holds the document can check every hash, an auditor finds each in the log."""
    version = selectors.present_version(agreement)
    return {
        "agreement": str(agreement.pk),
        "application": agreement.application.number,
        "version": version.number,
        "document_sha256": version.document_hash,
        "content_sha256": version.content_hash,
        "signatures": [
            {"record": signature.record, "record_sha256": signature.record_hash}
            for signature in selectors.signatures_of(version)
        ],
    }
