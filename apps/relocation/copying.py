"""Moving data block by block: read from the source against its checksums, stored under the workspace's own key, read
back and compared. Every block that arrived is a row, so that an interrupted copy goes on at the next block. The source
is only ever listed and read; a later pass copies what changed there since.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.db import transaction
from django.utils import timezone

from apps.relocation.models import Store, StoredBlock, StoredObject
from apps.relocation.providers.blobs import Blob, SourceChanged
from apps.relocation.rules import Block, blocks_of
from apps.workspaces.ledger import workspace_event
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable
from apps.workspaces.providers.scaleway.errors import Absent

ACTOR = "system:provision"
FOLDER = "relocated/"
"""Where copies lie in the workspace's bucket of work, under the names they had."""

TRIES = 8
LONGEST_NAME = 1024
"""Bytes of an object's name in object storage."""

_Status = StoredObject.Status
T = TypeVar("T")


class Source(Protocol):
    """What is asked of the previous platform: to list and to read."""

    def blobs(self, container: str, prefix: str = "") -> Iterator[Blob]: ...

    def read(self, container: str, blob: Blob, first: int, length: int) -> bytes: ...


class Destination(Protocol):
    """What is asked of the workspace's bucket."""

    def put(self, name: str, content: bytes) -> str: ...

    def begin(self, name: str) -> str: ...

    def add(self, name: str, upload: str, number: int, content: bytes) -> str: ...

    def finish(self, name: str, upload: str, etags: list[str]) -> None: ...

    def size_of(self, name: str) -> int | None: ...

    def read(self, name: str, first: int, length: int) -> bytes: ...


@dataclass(frozen=True)
class Mover:
    """One pass over one store."""

    store: Store
    source: Source
    destination: Destination
    wait: Callable[[float], None]

    def run(self) -> None:
        """List, then copy and verify whatever is not verified. Raises SourceError, ProviderUnavailable and
        ProviderRefused where the whole pass must stop; what was brought across stays."""
        listed(self.store, self.source.blobs(self.store.container, self.store.prefix))
        to_do = self.store.objects_here.filter(gone_at=None).exclude(status=_Status.VERIFIED)
        for stored_id in list(to_do.values_list("pk", flat=True)):
            self._bring(StoredObject.objects.get(pk=stored_id))
        pass_ended(self.store)

    def _bring(self, stored: StoredObject) -> None:
        """One object; one that cannot be brought now does not hold up the others."""
        try:
            if len((FOLDER + stored.name).encode()) > LONGEST_NAME:
                raise ProviderRefused("Its name is too long for object storage here.")
            self._copy(stored)
            self._verify(stored)
        except SourceChanged as changed:
            _begin_again(stored, str(changed))
        except ProviderRefused as refused:
            _begin_again(stored, f"The destination refuses it: {refused}")

    # ---- across ---------------------------------------------------------------------------------------------------

    def _copy(self, stored: StoredObject) -> None:
        blocks = blocks_of(stored.size)
        if len(blocks) > 1:
            self._copy_in_blocks(stored, blocks)
            return
        content = self._read(stored, blocks[0]) if blocks else b""
        etag = self._patiently(lambda: self.destination.put(FOLDER + stored.name, content))
        stored.blocks.all().delete()
        StoredBlock.objects.create(stored=stored, number=1, sha256=_sha256(content), etag=etag)

    def _copy_in_blocks(self, stored: StoredObject, blocks: tuple[Block, ...]) -> None:
        name = FOLDER + stored.name
        if not stored.upload_id:
            stored.blocks.all().delete()
            stored.upload_id = self._patiently(lambda: self.destination.begin(name))
            stored.status = _Status.COPYING
            stored.save(update_fields=["upload_id", "status"])
        here = set(stored.blocks.values_list("number", flat=True))
        for block in blocks:
            if block.number not in here:
                self._bring_block(stored, block)
        self._finish(stored)

    def _bring_block(self, stored: StoredObject, block: Block) -> None:
        content = self._read(stored, block)
        name, upload = FOLDER + stored.name, stored.upload_id
        etag = self._patiently(lambda: self.destination.add(name, upload, block.number, content))
        StoredBlock.objects.create(stored=stored, number=block.number, sha256=_sha256(content), etag=etag)

    def _finish(self, stored: StoredObject) -> None:
        """An answer that was lost may have been a yes: an upload that is no more and an object of the right size are
        taken for one, and verifying decides."""
        etags = list(stored.blocks.values_list("etag", flat=True))
        name = FOLDER + stored.name
        try:
            self._patiently(lambda: self.destination.finish(name, stored.upload_id, etags), but_not=Absent)
        except Absent:
            if self._patiently(lambda: self.destination.size_of(name)) != stored.size:
                raise ProviderRefused("The upload that was begun is no more.") from None

    def _read(self, stored: StoredObject, block: Block) -> bytes:
        blob = Blob(stored.name, stored.size, stored.etag)
        return self.source.read(self.store.container, blob, block.first, block.length)

    # ---- checked --------------------------------------------------------------------------------------------------

    def _verify(self, stored: StoredObject) -> None:
        """Read back what lies here: every block is what the source gave, and the object is as long as there."""
        name, whole = FOLDER + stored.name, hashlib.sha256()
        read_at_source = dict(stored.blocks.values_list("number", "sha256"))
        if self._patiently(lambda: self.destination.size_of(name)) != stored.size:
            raise ProviderRefused("What lies here is not as long as at the source.")
        for block in blocks_of(stored.size):
            content = self._patiently(lambda block=block: self.destination.read(name, block.first, block.length))  # type: ignore[misc]
            if _sha256(content) != read_at_source.get(block.number):
                raise ProviderRefused(f"Block {block.number} lies here otherwise than the source gave it.")
            whole.update(content)
        StoredObject.objects.filter(pk=stored.pk, etag=stored.etag).update(
            status=_Status.VERIFIED, sha256=whole.hexdigest(), verified_at=timezone.now(), reason="", upload_id=""
        )

    def _patiently(self, act: Callable[[], T], *, but_not: type[Exception] | tuple[()] = ()) -> T:
        """Ask again while the destination is busy or its answers are lost: every act here may be done twice."""
        for attempt in range(TRIES):
            try:
                return act()
            except but_not:
                raise
            except ProviderUnavailable as away:
                if attempt == TRIES - 1:
                    raise
                self.wait(away.after.total_seconds() if away.after else min(2.0**attempt, 30.0))
        raise AssertionError("unreachable")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _begin_again(stored: StoredObject, reason: str) -> None:
    """Nothing of the copy counts any more: the next pass copies the object as it is then."""
    with transaction.atomic():
        stored.blocks.all().delete()
        StoredObject.objects.filter(pk=stored.pk).update(
            status=_Status.DIFFERS, reason=reason[:300], upload_id="", sha256="", verified_at=None
        )


def listed(store: Store, blobs: Iterable[Blob]) -> None:
    """Compare the rows with what the source has now: new objects and new versions are to be copied, missing ones are
    marked as gone there; their copies stay."""
    rows = {row.name: row for row in store.objects_here.all()}
    new = []
    for blob in blobs:
        row = rows.pop(blob.name, None)
        if row is None:
            new.append(StoredObject(store=store, name=blob.name, size=blob.size, etag=blob.etag))
        elif row.etag != blob.etag or row.size != blob.size or row.gone_at:
            _another_version(row, blob)
    with transaction.atomic():
        StoredObject.objects.bulk_create(new, batch_size=1000)
        missing = [row.pk for row in rows.values() if row.gone_at is None]
        StoredObject.objects.filter(pk__in=missing).update(gone_at=timezone.now())
        Store.objects.filter(pk=store.pk).update(listed_at=timezone.now(), problem="")


@transaction.atomic
def _another_version(row: StoredObject, blob: Blob) -> None:
    row.blocks.all().delete()
    StoredObject.objects.filter(pk=row.pk).update(
        size=blob.size, etag=blob.etag, status=_Status.WAITING, reason="", upload_id="", sha256="",
        verified_at=None, gone_at=None,
    )  # fmt: skip


@transaction.atomic
def pass_ended(store: Store) -> None:
    """Write down how far it got."""
    here = store.objects_here.filter(gone_at=None)
    data = {"objects": here.count(), "verified": here.filter(status=_Status.VERIFIED).count()}
    workspace_event("relocation.copied", store.workspace, by=ACTOR, data=data)


@transaction.atomic
def pass_stopped(store: Store, problem: str) -> None:
    """Write down what stopped a pass."""
    Store.objects.filter(pk=store.pk).update(problem=problem)
