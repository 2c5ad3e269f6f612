"""The record of a decision: everything it rests on, as canonical JSON that anybody can check, and as a PDF.

The key that signs is derived from DOCUMENT_KEY: it never leaves the portal, and changes with that setting; each record
carries the public key that checks it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation

from apps.applications import canonical, composition, exposure, selectors, wording
from apps.applications.authorised import family_of
from apps.applications.field_rules import as_date
from apps.applications.five_safes import EXPOSURE
from apps.applications.models import Application, Decision, DecisionRecord, Member, Obligation, StageOutcome, Submission
from apps.applications.policy import Stage
from apps.core.printing import pdf_from_template
from apps.extracts.engine.risk import SMALLEST_COUNT

VERSION = 2
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
        "safe_project": _answers(pages, "purpose", "purpose_kind", "objectives", "public_interest"),
        "safe_people": [_member(member) for member in selectors.team_of(application)],
        "safe_data": {
            "population": definition.sentence("fr"),
            "scope": pages["variables"].get("scope", {}),
            "identifiers": pages["variables"].get("identifiers", {}),
            "period": pages["period"],
            "linkage": _answers(pages, "linkage", "linked", "sources"),
            "exposure": _exposure(pages),
        },
        "safe_settings": {
            **_answers(pages, "period", "access_from", "access_to"),
            **_answers(pages, "protection", "retention_years"),
            "agreement": Stage.AGREEMENT in path.stages,
        },
        "safe_outputs": {
            **_answers(pages, "protection", "recipients", "transfers", "transfer_details", "rights_contact"),
            "smallest_count": SMALLEST_COUNT,
            "public_directory": path.public_directory,
        },
        "stages": [_outcome(row) for row in _ended(application)],
        "conditions": list(Obligation.objects.filter(application=application).values_list("text", flat=True)),
        "documents": submission.content["attachments"],
    }


def _answers(pages: Mapping[str, Mapping[str, Any]], page: str, *names: str) -> dict[str, Any]:
    """What a page answers, blank where it does not."""
    return {name: pages.get(page, {}).get(name, "") for name in names}


def _exposure(pages: Mapping[str, Mapping[str, Any]]) -> str:
    linked = pages.get("linkage", {}).get("linked") == "yes"
    scope = pages["variables"].get("scope", {})
    return exposure.level(scope, linked=linked, coarser=composition.coarser(pages))


def _member(member: Any) -> dict[str, str]:
    return {"name": member.person.full_name, "role": member.role, "organisation": member.organisation.name}


def _ended(application: Application) -> QuerySet[StageOutcome]:
    """How the stages ended, those of what an amendment changes included: their opinions still stand."""
    return (
        StageOutcome.objects.filter(application__in=family_of(application)).select_related("application").order_by("id")
    )


def _outcome(row: StageOutcome) -> dict[str, Any]:
    return {
        "dossier": row.application.number,
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
    with translation.override(language):
        content = json.loads(record.content)
        context = {
            "record": content,
            "at": datetime.fromisoformat(content["decision"]["at"]),
            "roles": [(person, _role(person["role"])) for person in content["safe_people"]],
            "stages": [_stage_in_words(stage) for stage in content["stages"]],
            "exposure": EXPOSURE.get(content["safe_data"].get("exposure", ""), ""),
            "days": {name: as_date(day) for name, day in content.get("safe_settings", {}).items() if "access" in name},
            "signed": record,
            "is_intact": is_intact(record),
        }
        return pdf_from_template("print/decision.html", context, language)


def _role(key: str) -> str:
    return str(dict(Member.Role.choices).get(key, key))


def _stage_in_words(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dossier": stage.get("dossier", ""),
        "title": wording.STAGES.get(stage["stage"], stage["stage"]),
        "outcome": wording.outcome_said(stage["outcome"], stage["express"]),
        "reference": stage["reference"],
        "day": as_date(stage["decided_on"] or ""),
    }


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
