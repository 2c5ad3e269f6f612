"""Signing what a destruction found, where the key of the audit log is, and printing it."""

import base64
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone

from apps.audit.keys import signing_key
from apps.audit.standalone.verify_audit import canonical, fingerprint
from apps.core.outbox import Done, Lease, Outcome
from apps.workspaces.ledger import workspace_event
from apps.workspaces.models import DestructionCertificate
from apps.workspaces.sentences import STEP_LABELS

_DOMAIN = b"hdh destruction certificate v1\n"
ACTOR = "system:default"


def sign(lease: Lease) -> Outcome:
    """Sign a certificate once; a repeated delivery finds it signed."""
    certificate = DestructionCertificate.objects.select_related("workspace__project").get(pk=lease.subject_id)
    if certificate.signature:
        return Done()
    key = signing_key()
    with transaction.atomic():
        lease.hold()
        certificate.signature = base64.b64encode(key.sign(signed_bytes(certificate))).decode()
        certificate.key_fingerprint = fingerprint(key.public_key())
        certificate.signed_at = timezone.now()
        certificate.save(update_fields=["signature", "key_fingerprint", "signed_at"])
        workspace_event("workspace.certificate_signed", certificate.workspace, by=ACTOR)
    return Done()


def signed_bytes(certificate: DestructionCertificate) -> bytes:
    """What the signature is over: a domain of its own, then the canonical JSON of the content."""
    return _DOMAIN + canonical(certificate.content)


def holds(certificate: DestructionCertificate, key: Ed25519PublicKey) -> bool:
    """Whether the signature is this key's and the content is what was signed."""
    try:
        key.verify(base64.b64decode(certificate.signature), signed_bytes(certificate))
    except InvalidSignature:
        return False
    return True


def signed(certificate: DestructionCertificate) -> dict[str, object]:
    """The certificate as a program checks it: the content that was signed, the signature, whose it is."""
    return {
        "content": certificate.content,
        "domain": _DOMAIN.decode().strip(),
        "signature": certificate.signature,
        "key": certificate.key_fingerprint,
    }


def printed(certificate: DestructionCertificate) -> dict[str, object]:
    """The certificate as a person reads it."""
    steps = [{"label": STEP_LABELS[one["name"]], "at": _moment(one["at"])} for one in certificate.content["steps"]]
    project = certificate.workspace.project
    return {"certificate": certificate, "content": certificate.content, "steps": steps, "project": project}


def _moment(written: str) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
