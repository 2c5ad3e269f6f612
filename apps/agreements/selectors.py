"""Reading agreements: who sees which, and the facts a decision depends on."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from apps.accounts.models import Mandate, Person
from apps.agreements import rules
from apps.agreements.models import Agreement, Party, Refusal, Signature, Version
from apps.agreements.rules import SignatureFacts
from apps.applications import canonical
from apps.applications.selectors import application_roles, applications_visible_to, conflicts_of, gather
from apps.applications.ties import Ties
from apps.core.rules import Role


def mandates_to_sign(person: Person) -> QuerySet[Mandate]:
    """The mandates by which the person may sign today."""
    return Mandate.objects.current(timezone.localdate()).filter(person=person, may_sign=True)


def agreements_visible_to(person: Person) -> QuerySet[Agreement]:
    """Those of the person's teams and of the organisations they sign for; all of them for a steward."""
    found = Agreement.objects.select_related("application__organisation").order_by("-created_at", "id")
    if Role.STEWARD in person.staff_roles:
        return found
    signing = Party.objects.filter(organisation__in=mandates_to_sign(person).values("organisation"))
    return found.filter(
        Q(application__in=applications_visible_to(person).order_by()) | Q(pk__in=signing.values("agreement"))
    )


def agreements_listed_for(person: Person) -> QuerySet[Agreement]:
    """Those of the person's teams and organisations, whose signature of theirs is awaited first."""
    signing = Party.objects.filter(
        agreement=OuterRef("pk"), organisation__in=mandates_to_sign(person).values("organisation")
    )
    unsigned = signing.exclude(Exists(Signature.objects.filter(party=OuterRef("pk"), voided_at=None)))
    awaits_me = Q(Exists(unsigned), status=rules.Status.SIGNING)
    return agreements_visible_to(person).annotate(awaits_me=awaits_me).order_by("-awaits_me", "-created_at", "id")


def present_version(agreement: Agreement) -> Version:
    """The version that counts, without its document."""
    return Version.objects.defer("document").select_related("made_by").get(agreement=agreement, superseded_at=None)


def version_of_project(project_id: UUID) -> Any:
    """The present version of the agreement that a project rests on, if there is one: that of the dossier under whose
    entitlement it works today, which is the first one or the amendment that changed it last.

    Its `is_in_force` says whether every party's signature of it counts, of the dossier as it was submitted last.
    """
    signed = Signature.objects.filter(party=OuterRef("pk"), document_version=OuterRef(OuterRef("pk")), voided_at=None)
    unsigned = Party.objects.filter(agreement=OuterRef("agreement")).exclude(Exists(signed))
    in_force = Q(~Exists(unsigned), agreement__status=rules.Status.SIGNED) & Q(
        says=F("agreement__application__content_hash")
    )
    holds = {"agreement__application__entitlement__project": project_id}
    found = Version.objects.filter(**holds, agreement__application__entitlement__ended_at=None, superseded_at=None)
    says = KeyTextTransform("content_hash", "content")
    return found.defer("document").annotate(says=says).annotate(is_in_force=in_force).first()


def parties_of(agreement: Agreement) -> list[Party]:
    """The parties in the order in which the document names them."""
    return list(Party.objects.filter(agreement=agreement).select_related("organisation").order_by("pk"))


def signatures_of(version: Version) -> list[Signature]:
    """The signatures of a version that count, in the order in which they were given."""
    counting = Signature.objects.filter(document_version=version, voided_at=None)
    return list(counting.select_related("person", "party__organisation").order_by("signed_at", "pk"))


def roles_with(agreement: Agreement, person: Person, signed_for: Collection[Party]) -> frozenset[Role]:
    """What the person is for the agreement: on the team, signatory of a party, staff."""
    roles = application_roles(agreement.application, person)
    return roles | {Role.SIGNATORY} if signed_for else roles


def parties_signed_for(agreement: Agreement, person: Person) -> list[Party]:
    """The parties for which the person holds a mandate to sign today."""
    mandated = mandates_to_sign(person).values("organisation")
    return list(Party.objects.filter(agreement=agreement, organisation__in=mandated).order_by("pk"))


class Read:
    """An agreement with its versions, parties, signatures and signatories, for one reader. One query."""

    def __init__(self, agreement: Agreement, reader: Person) -> None:
        self.agreement, self.reader = agreement, reader
        parties = Party.objects.filter(agreement=agreement).select_related("organisation").order_by("pk")
        versions = Version.objects.defer("document").filter(agreement=agreement).select_related("made_by")
        given = Signature.objects.filter(document_version__agreement=agreement).order_by("signed_at", "pk")
        self._given = given.select_related("person", "party__organisation")
        refused = Refusal.objects.filter(document_version__agreement=agreement).order_by("-at")
        self.refusals = refused.select_related("person", "party__organisation", "document_version")
        mandates, self._ties = _mandates_of_parties(agreement), Ties(agreement.application, reader)
        gather(agreement.application, parties, versions, self._given, self.refusals, mandates, *self._ties.all)
        self.parties, self._versions = list(parties), sorted(versions, key=lambda one: one.number, reverse=True)
        self.signatories = _by_party(self.parties, mandates)
        self.signed_for = [party for party in self.parties if reader.pk in self._signing(party)]
        self.version = next(one for one in self._versions if one.superseded_at is None)

    def _signing(self, party: Party) -> set[UUID]:
        return {person.pk for person in self.signatories[party.pk]}

    @property
    def signatures(self) -> list[Signature]:
        """Those of the present version that count, in the order in which they were given."""
        own = (one for one in self._given if one.document_version_id == self.version.pk)
        return [one for one in own if one.voided_at is None]

    @property
    def earlier(self) -> list[tuple[Version, list[Signature]]]:
        """The versions before the present one, the last first, with the signatures that became void."""
        return [
            (version, [one for one in self._given if one.document_version_id == version.pk])
            for version in self._versions
            if version.superseded_at
        ]

    def facts(self, party: Party | None = None, seen_hash: str = "") -> rules.Facts:
        """The facts for what the reader may do with the agreement, for a party when they sign or decline."""
        application = self.agreement.application
        return rules.Facts(
            status=self.agreement.status,
            roles=roles_with(self.agreement, self.reader, self.signed_for),
            party=rules.PartyKind(party.kind) if party else None,
            party_id=str(party.pk) if party else "",
            signs_for=frozenset(str(found.pk) for found in self.signed_for),
            signed_for=frozenset(str(found.party_id) for found in self.signatures if found.person_id == self.reader.pk),
            party_has_signed=party is not None and any(found.party_id == party.pk for found in self.signatures),
            seen_hash=seen_hash,
            document_hash=self.version.document_hash,
            on_team=any(member.person_id == self.reader.pk for member in application.members.all()),
            takes_part=bool(conflicts_of(self.reader, application, self._ties)),
        )


def agreement_facts(
    agreement: Agreement, person: Person, *, party: Party | None = None, seen_hash: str = ""
) -> rules.Facts:
    """The facts for what the person may do with the agreement, for a party when they sign or decline."""
    return Read(agreement, person).facts(party, seen_hash)


def _mandates_of_parties(agreement: Agreement) -> QuerySet[Mandate]:
    """The mandates by which active people may sign today for a party."""
    organisations = Party.objects.filter(agreement=agreement).values("organisation")
    mandates = Mandate.objects.current(timezone.localdate()).filter(organisation__in=organisations, may_sign=True)
    return mandates.filter(person__is_active=True).select_related("person").order_by("person__family_name")


def _by_party(parties: Iterable[Party], mandates: Iterable[Mandate]) -> dict[Any, list[Person]]:
    """The people who hold these mandates, by party."""
    found: dict[Any, list[Person]] = {party.pk: [] for party in parties}
    of_organisation = {party.organisation_id: party.pk for party in parties}
    for mandate in mandates:
        found[of_organisation[mandate.organisation_id]].append(mandate.person)
    return found


def signatories_of(agreement: Agreement) -> dict[Any, list[Person]]:
    """The people who may sign today, by party. Two queries."""
    return _by_party(list(Party.objects.filter(agreement=agreement)), _mandates_of_parties(agreement))


def signatory_ids(agreement: Agreement) -> set[UUID]:
    """Everybody who may sign for some party today."""
    return {person.pk for people in signatories_of(agreement).values() for person in people}


@dataclass(frozen=True)
class Verification:
    """What checking a document and its signatures anew found."""

    document_hash: str
    faults: frozenset[rules.Check]
    signatures: list[Signature]
    compared: bool | None = None  # whether a file somebody brought is the document; None when none was brought


def verification(agreement: Agreement, brought: bytes | None = None) -> Verification:
    """Check the present document and every signature of it from scratch; and a copy, when one is brought."""
    version = Version.objects.get(agreement=agreement, superseded_at=None)
    found = hashlib.sha256(bytes(version.document or b"")).hexdigest() if version.document else ""
    signatures = signatures_of(version)
    return Verification(
        document_hash=version.document_hash,
        faults=rules.signature_faults(
            document_found=found,
            document_recorded=version.document_hash,
            signatures=[_facts_of(signature) for signature in signatures],
        ),
        signatures=signatures,
        compared=None if brought is None else hashlib.sha256(brought).hexdigest() == version.document_hash,
    )


def _facts_of(signature: Signature) -> SignatureFacts:
    return SignatureFacts(
        bound_hash=signature.document_hash,
        recorded_hash=signature.record_hash,
        sealed_hash=canonical.sha256_of(record_of(signature)),
    )


def record_of(signature: Signature) -> dict[str, Any]:
    """The record of a signature as its columns have it today: what its hash must stand for."""
    return {
        **signature.record,
        "signature": str(signature.pk),
        "person": str(signature.person_id),
        "party": signature.party_id,
        "mandate": signature.mandate_id,
        "document": signature.document_hash,
        "signed_at": signature.signed_at.isoformat(),
    }
