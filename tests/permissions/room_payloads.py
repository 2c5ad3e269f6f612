"""What well-formed calls to the committee and about agreements send."""

import uuid

from django.utils import timezone

from apps.agreements.models import Agreement, Party, Version
from apps.committee.models import File, Session
from tests.factories.applications import PDF
from tests.permissions.payload import Ids, Maker, Payload, fresh_code
from tests.permissions.world import Visitor, World


def _nothing(*_: object) -> Payload:
    return Payload()


def _seen_file(ids: Ids, **more: str) -> Payload:
    """What was seen of a file before the committee."""
    file = File.objects.filter(pk=ids["file_id"]).first()
    version, content = (file.version, file.content_hash) if file else (1, "0" * 64)
    return Payload({"version": str(version), "content_hash": content, **more})


def _seen_session(ids: Ids, **more: str) -> Payload:
    session = Session.objects.filter(pk=ids["session_id"]).first()
    return Payload({"version": str(session.version if session else 1), **more})


def _prepared(world: World, visitor: Visitor, ids: Ids) -> Payload:
    session = Session.objects.filter(pk=ids["session_id"]).first()
    chair = str(session.chair_id) if session else ""
    return _seen_session(ids, notes=f"Notes {uuid.uuid4()}.", present=chair, chair=chair)


def _signed(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({**_party(ids), "read": "on", "otp_code": fresh_code()})


def _party(ids: Ids) -> dict[str, str]:
    """For whom the agreement is signed, and the document that was read."""
    party = Party.objects.filter(agreement_id=ids["agreement_id"], kind="controller").first()
    version = Version.objects.defer("document").filter(agreement_id=ids["agreement_id"], superseded_at=None).first()
    return {"party": str(party.pk if party else 0), "document_hash": version.document_hash if version else "0" * 64}


def _revised(world: World, visitor: Visitor, ids: Ids) -> Payload:
    found = Agreement.objects.filter(pk=ids["agreement_id"]).first()
    return Payload({"version": str(found.version if found else 1), "clauses": "", "reason": "Essai de la matrice."})


ROOMS: dict[str, Maker] = {
    "committee:interests": lambda world, visitor, ids: Payload(
        {"organisation": world.foreign_organisation, "nature": "other", "starts_on": "2024-01-01"}
    ),
    "committee:interest_end": lambda world, visitor, ids: Payload({"ends_on": timezone.localdate().isoformat()}),
    "committee:session_new": lambda world, visitor, ids: Payload(
        {"held_on": timezone.localdate().isoformat(), "starts_at": "09:00", "place": "Salle"}
    ),
    "committee:session_prepare": _prepared,
    "committee:session_open": lambda world, visitor, ids: _seen_session(ids),
    "committee:session_close": lambda world, visitor, ids: _seen_session(ids),
    "committee:session_cancel": lambda world, visitor, ids: _seen_session(ids),
    "committee:disclose": lambda world, visitor, ids: Payload({"nature": "family"}),
    "committee:answer": lambda world, visitor, ids: Payload({"outcome": "reserved", "comment": "Rapport."}),
    "committee:rapporteur_ask": lambda world, visitor, ids: Payload({"rapporteur": world.idle_member}),
    "committee:rapporteur_release": _nothing,
    "committee:schedule": lambda world, visitor, ids: _seen_file(ids, session=world.sessions["open"]),
    "committee:unschedule": lambda world, visitor, ids: _seen_file(ids),
    "committee:vote_open": lambda world, visitor, ids: _seen_file(ids),
    "committee:vote_close": lambda world, visitor, ids: _seen_file(ids),
    "committee:opinion": lambda world, visitor, ids: _seen_file(
        ids, outcome="favourable", text_fr="Avis.", text_en="", otp_code=fresh_code()
    ),
    "agreements:sign": _signed,
    "agreements:decline": lambda world, visitor, ids: Payload({**_party(ids), "reason": "Essai de la matrice."}),
    "agreements:revise": _revised,
    "agreements:verify": lambda world, visitor, ids: Payload(files={"copy": ("copie.pdf", PDF)}, writes=False),
}
