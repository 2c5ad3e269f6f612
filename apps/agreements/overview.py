"""What the pages of an agreement show, in a fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Person
from apps.agreements import rules, selectors
from apps.agreements.forms import DeclineForm, ReviseForm, SignForm
from apps.agreements.models import Agreement, Party, Refusal, Signature, Version
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
    version = selectors.present_version(agreement)
    signed = {signature.party_id: signature for signature in selectors.signatures_of(version)}
    able = selectors.signatories_of(agreement)
    parties = selectors.parties_of(agreement)
    mine = [party for party in selectors.parties_signed_for(agreement, reader) if party.pk not in signed]
    roles = selectors.roles_for(agreement, reader)
    signs = bool(mine) and agreement.status == rules.Status.SIGNING and not _has_signed(signed, reader)
    return {
        "agreement": agreement,
        "application": agreement.application,
        "version": version,
        "lines": [PartyLine(party, signed.get(party.pk), able[party.pk]) for party in parties],
        "refusals": list(_refusals(agreement)),
        "earlier": list(_earlier(agreement)),
        "revise_form": ReviseForm(agreement, version) if _may_revise(agreement, reader, roles) else None,
        "is_steward": Role.STEWARD in roles,
        "is_team": Role.MEMBER in roles,
        "sign_form": SignForm(mine, version) if signs else None,
        "decline_form": DeclineForm(mine, version) if signs else None,
    }


def _may_revise(agreement: Agreement, reader: Person, roles: frozenset[Role]) -> bool:
    """Whether the reader is a steward who may make a new version."""
    if Role.STEWARD not in roles:
        return False
    return rules.decide("agreement.revise", selectors.agreement_facts(agreement, reader)) == Allowed()


def _has_signed(signed: dict[int, Signature], reader: Person) -> bool:
    return any(signature.person_id == reader.pk for signature in signed.values())


def _refusals(agreement: Agreement) -> Any:
    found = Refusal.objects.filter(document_version__agreement=agreement)
    return found.select_related("person", "party__organisation", "document_version").order_by("-at")


def _earlier(agreement: Agreement) -> Any:
    """The versions before the present one, with how many signatures became void."""
    found = Version.objects.defer("document").filter(agreement=agreement).exclude(superseded_at=None)
    return found.prefetch_related("signatures__person", "signatures__party__organisation").order_by("-number")


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
