"""The record of a decision: everything it rests on, as canonical JSON that anybody can check, and as a PDF.

The key that signs is derived from DOCUMENT_KEY: it never leaves the portal, and changes with that setting; each record
carries the public key that checks it.
"""

import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.applications import canonical, composition, selectors
from apps.applications.models import Application, Decision, DecisionRecord, Obligation, StageOutcome, Submission
from apps.core.printing import pdf_from_template

VERSION = 1
PURPOSE = b"hdh-portal/decision-record/ed25519"


def decision_sign(decision: Decision) -> DecisionRecord:
    """Write the record of a decision, signed. To be called in the transaction of the decision."""
    key = _signing_key()
    content = canonical.canonical_bytes(content_of(decision))
    return DecisionRecord.objects.create(
        decision=decision,
        content=content.decode(),
        public_key=_public_bytes(key.public_key()).hex(),
        signature=key.sign(content).hex(),
    )


def content_of(decision: Decision) -> dict[str, Any]:
    """What a decision rests on, by the submission it is bound to; days and moments in ISO 8601."""
    application = decision.application
    submission = Submission.objects.get(application=application, round=decision.round)
    pages = submission.content["pages"]
    path = selectors.path_of(application)
    definition = composition.definition(pages)
    return {
        "v": VERSION,
        "number": application.number,
        "title": application.title,
        "organisation": {"name": application.organisation.name, "siren": application.organisation.siren},
        "path": {"key": path.key, "title": path.title.fr, "legal": path.legal.fr, "rules": application.policy_version},
        "decision": {
            "outcome": decision.outcome,
            "round": decision.round,
            "by": decision.by.full_name,
            "at": decision.at.isoformat(),
            "comment": decision.comment,
        },
        "content_hash": decision.content_hash,
        "definition_hash": decision.definition_hash,
        "safe_project": {name: pages["purpose"].get(name, "") for name in ("purpose_kind", "objectives")},
        "safe_people": [_member(member) for member in selectors.team_of(application)],
        "safe_data": {
            "population": definition.sentence("fr"),
            "scope": pages["variables"].get("scope", {}),
            "identifiers": pages["variables"].get("identifiers", {}),
            "period": pages["period"],
        },
        "stages": [_outcome(row) for row in StageOutcome.objects.filter(application=application).order_by("id")],
        "conditions": list(Obligation.objects.filter(application=application).values_list("text", flat=True)),
        "documents": submission.content["attachments"],
    }


def _member(member: Any) -> dict[str, str]:
    return {"name": member.person.full_name, "role": member.role, "organisation": member.organisation.name}


def _outcome(row: StageOutcome) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "outcome": row.outcome,
        "express": row.express,
        "reference": row.reference,
        "decided_on": row.decided_on.isoformat() if row.decided_on else None,
    }


def record_of(application: Application) -> DecisionRecord | None:
    """The record of the decision that ended the examination of this dossier, None before."""
    return DecisionRecord.objects.filter(decision__application=application).order_by("-id").first()


def record_json(record: DecisionRecord) -> bytes:
    """The record with its signature. `signature` is Ed25519 over the canonical bytes of `record` (sorted keys, UTF-8,
    no insignificant space).
    """
    envelope = {
        "record": json.loads(record.content),
        "algorithm": "Ed25519",
        "public_key": record.public_key,
        "signature": record.signature,
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2, sort_keys=True).encode()


def record_pdf(record: DecisionRecord, language: str) -> bytes:
    """The record on paper. Raises FetchRefused never: the template names nothing outside."""
    context = {"record": json.loads(record.content), "signed": record, "is_intact": is_intact(record)}
    return pdf_from_template("print/decision.html", context, language)


def is_intact(record: DecisionRecord) -> bool:
    """Whether the signature fits the content."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(record.public_key))
    try:
        key.verify(bytes.fromhex(record.signature), record.content.encode())
    except InvalidSignature:
        return False
    return True


def _signing_key() -> Ed25519PrivateKey:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=PURPOSE)
    return Ed25519PrivateKey.from_private_bytes(derived.derive(settings.DOCUMENT_KEY.encode()))


def _public_bytes(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
