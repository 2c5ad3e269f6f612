"""The key of each project: made at its first extract, sealed anew when masters rotate, destroyed by decision."""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile
from apps.core.outbox import Done, Lease, NeedsHuman, Outcome
from apps.extracts.engine.pseudonyms import KEY_BYTES, ProjectKey
from apps.extracts.keys import KeyDestroyedError, KeyService, KeyServiceError, Sealed
from apps.extracts.models import SealedKey
from apps.extracts.services import key_destruction_request
from apps.projects.models import Project

ACTOR = "system:extract"


def project_key(project: Project, service: KeyService) -> ProjectKey:
    """The key of a project. Made, and recorded, when there is none yet.

    Raises KeyDestroyedError once its end was decided, KeyServiceError when the service cannot open it.
    """
    row = SealedKey.objects.filter(project=project).first() or _make(project, service)
    if row.ended_at is not None:
        raise KeyDestroyedError("The end of the project's key was decided: nothing can be extracted with it again.")
    secret = service.open(str(project.pk), Sealed(row.wrapping_key, bytes(row.sealed)))
    return ProjectKey.for_project(secret, str(project.pk))


def _make(project: Project, service: KeyService) -> SealedKey:
    """The first worker's key is everybody's: what another one sealed meanwhile is forgotten."""
    secret = secrets.token_bytes(KEY_BYTES)
    sealed = service.seal(str(project.pk), secret)
    key_id = ProjectKey.for_project(secret, str(project.pk)).id
    with transaction.atomic():
        values = {"service": service.name, "key_id": key_id, **_columns(sealed)}
        row, made = SealedKey.objects.get_or_create(project=project, defaults=values)
        if made:
            _record("key.made", row, ACTOR, {"key_id": key_id, **_told(service, sealed)})
    if not made:
        service.forget(str(project.pk), sealed.wrapping_key)
    return row


def keys_rotate(*, service: KeyService, by: str) -> int:
    """Seal every project's secret under a new master. Pseudonyms stay what they are. Returns how many were sealed anew.

    May be repeated after an interruption: a wrapping key is forgotten only once nothing is sealed with it.
    """
    service.renew()
    rows = list(SealedKey.objects.select_related("project").filter(ended_at=None))
    for row in rows:
        project, former = str(row.project_id), row.wrapping_key
        sealed = service.seal(project, service.open(project, Sealed(former, bytes(row.sealed))))
        with transaction.atomic():
            same = SealedKey.objects.filter(pk=row.pk, wrapping_key=former, ended_at=None)
            if not same.update(rotated_at=timezone.now(), **_columns(sealed)):
                raise ChangedMeanwhile
            _record("key.rotated", row, by, {"key_id": row.key_id, "from": former, **_told(service, sealed)})
        service.forget(project, former)
    return len(rows)


def key_end(*, project: Project, by: str) -> bool:
    """Decide the end of a project's key: from now on nothing is extracted with it, and a worker destroys it.

    False when that was decided before.
    """
    with transaction.atomic():
        row, _ = SealedKey.objects.get_or_create(project=project)
        if not SealedKey.objects.filter(pk=row.pk, ended_at=None).update(ended_at=timezone.now()):
            return False
        _record("key.ended", row, by, {"key_id": row.key_id})
        key_destruction_request(project=project)
    return True


def key_destroy_step(lease: Lease, service: KeyService) -> Outcome:
    """Destroy the key of a project that is over, or whose key was ended; see that it is gone, and record the proof."""
    project = Project.objects.get(pk=lease.subject_id)
    key_end(project=project, by=ACTOR)
    row = SealedKey.objects.select_related("project").get(project=project)
    if row.destroyed_at is not None:
        return Done()
    try:
        said = service.destroy(str(row.project_id))
        if row.wrapping_key:
            _prove(row, service)
    except KeyServiceError as error:
        return NeedsHuman(str(error))
    with transaction.atomic():
        lease.hold()
        SealedKey.objects.filter(pk=row.pk).update(destroyed_at=timezone.now(), sealed=b"")
        proof = {"service_says": dict(said), "opening_refused": bool(row.wrapping_key)}
        facts = {"key_id": row.key_id, "service": service.name, "wrapping_key": row.wrapping_key, "proof": proof}
        _record("key.destroyed", row, ACTOR, facts)
    return Done()


def _prove(row: SealedKey, service: KeyService) -> None:
    """Ask for the secret once more; only a refusal because it was destroyed is a proof. Raises KeyServiceError."""
    try:
        service.open(str(row.project_id), Sealed(row.wrapping_key, bytes(row.sealed)))
    except KeyDestroyedError:
        return
    raise KeyServiceError("The key service still opens the key that it was told to destroy.")


def _columns(sealed: Sealed) -> dict[str, Any]:
    return {"wrapping_key": sealed.wrapping_key, "sealed": sealed.ciphertext}


def _told(service: KeyService, sealed: Sealed) -> Mapping[str, str]:
    return {"service": service.name, "wrapping_key": sealed.wrapping_key}


def _record(action: str, row: SealedKey, actor: str, data: dict[str, Any]) -> None:
    event_record(
        action=action,
        actor=actor,
        object_kind="key",
        object_id=str(row.pk),
        dossier_id=str(row.project.application_id),
        data=data,
    )
