"""Doing a piece of work only when its inputs changed, and never twice at the same time."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def digest(*parts: str | bytes | Path) -> str:
    """A hash of texts, bytes and the contents of files; a missing file counts as empty."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(_bytes_of(part)).digest())
    return total.hexdigest()


def _bytes_of(part: str | bytes | Path) -> bytes:
    if isinstance(part, Path):
        return part.read_bytes() if part.is_file() else b""
    return part.encode() if isinstance(part, str) else part


def digest_of_tree(folders: Iterable[Path]) -> str:
    """A hash of the names and contents of every file under these folders, compiled Python left out."""
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return digest(*(part for file in files for part in (str(file), file)))


class Stamp:
    """A file that remembers which inputs a piece of work was last finished for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, value: str) -> bool:
        """Whether the work was finished for exactly these inputs."""
        return self.path.is_file() and self.path.read_text() == value

    def write(self, value: str) -> None:
        """Remember that the work is finished for these inputs."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f"{self.path.name}.unfinished")
        unfinished.write_text(value)
        unfinished.rename(self.path)


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[None]:
    """Hold a lock of this machine during the block; say `waiting` when somebody else has it first."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, flush=True)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
