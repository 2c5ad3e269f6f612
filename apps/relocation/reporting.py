"""The report of the relocation: what came here, what did not and why, every object with its checksum; signed with the
key of the audit log, in the zone that has it."""

import base64
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone

from apps.accounts.services import ZONE_ACTOR
from apps.audit.keys import signing_key
from apps.audit.services import event_record
from apps.audit.standalone.verify_audit import canonical, fingerprint
from apps.relocation import selectors
from apps.relocation.models import RelocationReport, Store, StoredObject

DOMAIN = b"hdh relocation report v1\n"


def report_make() -> RelocationReport:
    """Write down and sign how things stand. Raises KeyMissingError where there is no key."""
    key, content = signing_key(), _content()
    with transaction.atomic():
        report = RelocationReport.objects.create(
            content=content,
            signature=base64.b64encode(key.sign(DOMAIN + canonical(content))).decode(),
            key_fingerprint=fingerprint(key.public_key()),
        )
        data = {"complete": content["complete"], "key": report.key_fingerprint}
        event_record(
            action="relocation.report_signed",
            actor=ZONE_ACTOR,
            object_kind="relocation",
            object_id=str(report.pk),
            data=data,
        )
    return report


def report_holds(signed: dict[str, Any], key: Ed25519PublicKey) -> bool:
    """Whether a report as `report_signed` gives it carries this key's signature."""
    try:
        key.verify(base64.b64decode(signed["signature"]), DOMAIN + canonical(signed["content"]))
    except (InvalidSignature, ValueError):
        return False
    return True


def report_signed(report: RelocationReport) -> dict[str, Any]:
    """The report as a program checks it."""
    return {
        "content": report.content,
        "domain": DOMAIN.decode().strip(),
        "signature": report.signature,
        "key": report.key_fingerprint,
    }


def _content() -> dict[str, Any]:
    run, stores = selectors.latest_run(is_dry=False), [_store(store) for store in selectors.stores()]
    refused = run.lines if run else []
    return {
        "format": "hdh-relocation-report",
        "version": 1,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "platform": run.platform if run else "",
        "manifest_sha256": run.manifest_sha256 if run else "",
        "taken_over": selectors.taken_over(),
        "not_taken_over": refused,
        "workspaces": stores,
        "complete": not refused and all(store["complete"] for store in stores),
    }


def _store(store: Store) -> dict[str, Any]:
    objects = [_object(one) for one in store.objects_here.all()]
    there = [one for one in objects if not one["gone_at_source"]]
    verified = [one for one in there if one["status"] == StoredObject.Status.VERIFIED]
    return {
        "workspace": str(store.workspace_id),
        "project": store.workspace.project.application.number,
        "container": store.container,
        "prefix": store.prefix,
        "listed_at": store.listed_at.isoformat(timespec="seconds") if store.listed_at else "",
        "objects": len(there),
        "bytes": sum(one["size"] for one in there),
        "verified": len(verified),
        "bytes_verified": sum(one["size"] for one in verified),
        "complete": store.listed_at is not None and not store.problem and len(verified) == len(there),
        "content": objects,
    }


def _object(stored: StoredObject) -> dict[str, Any]:
    return {
        "name": stored.name,
        "size": stored.size,
        "source_etag": stored.etag,
        "status": stored.status,
        "sha256": stored.sha256,
        "reason": stored.reason,
        "gone_at_source": stored.gone_at is not None,
    }
