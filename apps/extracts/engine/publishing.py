"""Giving a delivery its place, and taking it back: in a folder at once, in an object store behind a note.

A store renames nothing. So a note beside the objects says whose they will be; each object is put with its hash beside
it; the manifest comes last, and then the note goes: objects without a manifest are no delivery. Whoever put an object
looks afterwards whether the note still is theirs, and otherwise takes the object back: what was cancelled meanwhile, or
begun anew from another source, finds nothing of a worker that had been given up for dead.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .delivery import MANIFEST, read_manifest
from .places import ObjectPath, Place, files_under
from .problems import DeliveryError
from .signature import SIGNATURE
from .source import sha256_of
from .workshop import Workshop, home_of

UNFINISHED = "UNFINISHED"


def fingerprint(binding: Mapping[str, Any]) -> str:
    """One value for all that the bytes of a delivery depend on."""
    return hashlib.sha256(json.dumps(binding, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of one delivery in an object store. ``binding`` is its fingerprint, empty to take it back."""

    out: ObjectPath
    request_id: str
    binding: str

    def may_be_filled(self) -> bool:
        """Whether what stands there was begun by this very extract, or for the same request from another source."""
        note = self._note()
        return note == self._own_note() or bool(self.request_id and note.get("request_id") == self.request_id)

    def put(self, name: str, file: Path, sha256: str) -> None:
        """Put one file of the delivery there. Raises ``DeliveryError`` when the place was taken back meanwhile."""
        if not file.is_file():
            raise DeliveryError(f"{self.out}: the work was removed while the extract was being published")
        self._claim()
        (self.out / name).put(file, sha256)
        if self._note() == self._own_note() or fingerprint(read_manifest(self.out).get("binding", {})) == self.binding:
            return
        (self.out / name).unlink()
        raise DeliveryError(f"{self.out}: the place was taken back while the extract was being published")

    def complete(self, delivery: Path) -> None:
        """Put what is not there as it should be, remove what should not be there, and the manifest last of all."""
        self._claim()
        names = files_under(delivery)
        for name in set(files_under(self.out)) - {*names, UNFINISHED}:
            (self.out / name).unlink()
        self.out.abandon_uploads()
        for name in sorted(names, key=lambda name: (name == MANIFEST, name)):
            digest = sha256_of(delivery / name)
            if not self._holds(name, (delivery / name).stat().st_size, digest):
                self.put(name, delivery / name, digest)
        self.forget_note()

    def forget_note(self) -> None:
        """Say no more that the delivery is unfinished."""
        (self.out / UNFINISHED).unlink()

    def withdraw(self) -> None:
        """Remove all that was put there for this request; what is somebody else's is left alone."""
        if not self._is_of_request():
            return
        (self.out / UNFINISHED).write_bytes(json.dumps(self._own_note()).encode())
        self._clear()
        self.forget_note()

    def _claim(self) -> None:
        """Leave the note, unless it is there; what another attempt at the same request left goes first."""
        note = self._note()
        if note == self._own_note():
            return
        if note:
            self._clear()
        (self.out / UNFINISHED).write_bytes(json.dumps(self._own_note()).encode())

    def _clear(self) -> None:
        (self.out / MANIFEST).unlink()
        for name in files_under(self.out):
            if name != UNFINISHED:
                (self.out / name).unlink()
        self.out.abandon_uploads()

    def _holds(self, name: str, size: int, sha256: str) -> bool:
        try:
            found = (self.out / name).stat()
        except FileNotFoundError:
            return False
        return (found.st_size, found.sha256) == (size, sha256)

    def _is_of_request(self) -> bool:
        return self.request_id in (self._note().get("request_id"), read_manifest(self.out).get("request_id"))

    def _own_note(self) -> dict[str, str]:
        return {"request_id": self.request_id, "binding": self.binding}

    def _note(self) -> dict[str, str]:
        try:
            found = json.loads((self.out / UNFINISHED).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def publish(workshop: Workshop, request_id: str) -> None:
    """Give a delivery its place and forget the work. Raises ``DeliveryError`` when the place was taken back."""
    if isinstance(workshop.out, Path):
        workshop.out.parent.mkdir(parents=True, exist_ok=True)
        workshop.delivery.replace(workshop.out)
    else:
        Shelf(workshop.out, request_id, workshop.binding).complete(workshop.delivery)
    workshop.discard()


def discard(out: Place, work: Path | None = None) -> None:
    """Remove the unfinished work of a delivery that will not be made."""
    Workshop(out, "", home_of(out, work)).discard()


def withdraw(out: Place, request_id: str, work: Path | None = None) -> None:
    """Remove all that was made for a request, published or not; what is somebody else's is left alone."""
    workshop = Workshop(out, "", home_of(out, work))
    if isinstance(out, ObjectPath):
        Shelf(out, request_id, "").withdraw()
    elif read_manifest(out).get("request_id") == request_id:
        workshop.take_back(out)
    workshop.discard()


def proof_of(out: Place) -> Place:
    """Where the manifest of a delivery that was removed stays."""
    return out.parent / f"{out.name}.proof"


def remove(out: Place, request_id: str, manifest_sha256: str, work: Path | None = None) -> dict[str, Any]:
    """Remove a delivery and keep its manifest and signature beside its place; returns the manifest.

    May be repeated after a death at any moment. Raises ``DeliveryError``, and removes nothing, when neither what stands
    there nor the proof is the delivery of that manifest.
    """
    proof = proof_of(out)
    if _holds_manifest(out, manifest_sha256):
        _put_aside(out, proof)
    elif not _holds_manifest(proof, manifest_sha256):
        raise DeliveryError(f"{out}: this is not the delivery that was recorded, nor is its manifest beside it")
    withdraw(out, request_id, work)
    return read_manifest(proof)


def _holds_manifest(place: Place, sha256: str) -> bool:
    try:
        return sha256_of(place / MANIFEST) == sha256
    except FileNotFoundError:
        return False


def _put_aside(out: Place, proof: Place) -> None:
    """Copy what proves a delivery; on the disk itself when this returns, for the original is removed next."""
    if isinstance(proof, Path):
        proof.mkdir(parents=True, exist_ok=True)
    for name in (SIGNATURE, MANIFEST):
        (proof / name).write_bytes((out / name).read_bytes())
    for place in (proof / SIGNATURE, proof / MANIFEST, proof, proof.parent):
        if isinstance(place, Path):
            _settled(place)


def _settled(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
