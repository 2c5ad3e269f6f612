"""Checkpoints outside the database: a folder to which files are added and in which none is ever changed.

Three operations, which an object store with retention offers as well: put if absent, get, latest.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from apps.audit.standalone.verify_audit import published_name


class ConflictError(Exception):
    """Another checkpoint was published under this number: the database is not the one that was sealed before."""


@dataclass(frozen=True)
class PublishedFolder:
    """The folder HDH_CHECKPOINTS_DIR."""

    folder: Path

    def put(self, sequence: int, signed: bytes) -> None:
        """Publish a checkpoint; durable when this returns. Doing it again changes nothing.

        Raises ConflictError when another one has this number, OSError when the folder cannot be written.
        """
        file = self.folder / published_name(sequence)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            _write_durably(draft, signed + b"\n")
            os.link(draft, file)  # fails when the name is taken, and never shows half a file
        except (FileExistsError, FileNotFoundError) as error:  # published meanwhile, perhaps with our draft removed
            if file.read_bytes() != signed + b"\n":
                raise ConflictError(f"another checkpoint {sequence} was published before") from error
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(file.parent)
        self._forget_drafts(file)

    def _forget_drafts(self, published: Path) -> None:
        """Remove what sealers that died left of this checkpoint and of those before it."""
        for draft in published.parent.glob(".[0-9]*.json.*"):
            if draft.name < f".{published.name}.~":
                draft.unlink(missing_ok=True)

    def get(self, sequence: int) -> bytes | None:
        """A published checkpoint, without the end of line; None when there is none under this number."""
        try:
            return (self.folder / published_name(sequence)).read_bytes().removesuffix(b"\n")
        except FileNotFoundError:
            return None

    def latest(self) -> int:
        """The highest number that was published, 0 before the first. Raises OSError when the folder is out of reach."""
        for part in sorted((entry for entry in self.folder.iterdir() if entry.is_dir()), reverse=True):
            numbers = [int(file.stem) for file in part.glob("[0-9]*.json")]
            if numbers:
                return max(numbers)
        return 0


def _write_durably(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
