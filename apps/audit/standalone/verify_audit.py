#!/usr/bin/env python3
"""Verify an export of the audit log, or the proof of one event, without the portal and without its database.

    python verify_audit.py export FOLDER [--public-key FILE] [--checkpoints FOLDER]
    python verify_audit.py proof FILE --public-key FILE [--checkpoints FOLDER]

Needs Python 3.11 and the package `cryptography`, nothing else. Exit code: 0 intact, 1 tampered with (the first bad
place is named), 2 could not be checked. Take the public key from a source you trust, not from those who hand you the
export.

Format, version 1. An event is a line of canonical JSON: keys sorted, no spaces, UTF-8 without escapes that JSON does
not require, integers and no fractions. Its leaf is SHA-256(0x00 ‖ line). The leaves of a batch, in the order of their
positions, form the tree of RFC 6962, section 2.1: node = SHA-256(0x01 ‖ left ‖ right). A checkpoint says which
positions its tree covers, and holds the hash of the checkpoint before it, SHA-256(0x02 ‖ its canonical JSON); it is
signed with Ed25519 over SIGNING_PREFIX ‖ its canonical JSON. A signed checkpoint is the canonical JSON of
{"checkpoint": …, "signature": hexadecimal}, in `checkpoints.jsonl` one a line and in the published folder one a file.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNING_PREFIX = b"hdh-audit-checkpoint-v1\n"
NO_CHECKPOINT = "0" * 64
FILES_IN_A_FOLDER = 10_000
VERSION = 1

Keys = Mapping[str, Ed25519PublicKey]


class TamperedError(Exception):
    """What was read is not what was written. The message names the place."""


class UncheckableError(Exception):
    """What would be needed for the check is missing. The message says what."""


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value. Raises ValueError for numbers that are no numbers and for broken text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def leaf_hash(content: bytes) -> bytes:
    """The hash of an event, which no node of a tree can be mistaken for."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the RFC 6962 tree over these leaf hashes, level by level: an odd last node moves up as it is.

    Raises ValueError without leaves: there are no empty batches.
    """
    if not leaves:
        raise ValueError("a batch has at least one event")
    level = list(leaves)
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return [*above, level[-1]] if len(level) % 2 else above


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from a leaf to the root, from the bottom up. Raises IndexError outside the batch."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    path, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _level_above(level), index // 2
    return path


def root_from_path(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """The root that a path leads to from leaf number `index` of `size`. Raises TamperedError when lengths disagree."""
    siblings = iter(path)
    found, last = leaf, size - 1
    while last > 0:
        if index % 2 or index < last:
            sibling = next(siblings, None)
            if sibling is None:
                raise TamperedError("the path of the proof is too short")
            found = node_hash(sibling, found) if index % 2 else node_hash(found, sibling)
        index, last = index // 2, last // 2
    if index or next(siblings, None) is not None:
        raise TamperedError("the path of the proof does not fit its batch")
    return found


@dataclass(frozen=True)
class Checkpoint:
    """What is signed: the batch of positions `first` to `last`, its root, and the checkpoint before it.

    `key` is the SHA-256 of the public key, `mark_xid` and `mark_event` the transaction and row of the last event.
    """

    sequence: int
    first: int
    last: int
    root: str
    previous: str
    at: str
    key: str
    mark_xid: int
    mark_event: int
    v: int = VERSION

    @property
    def content(self) -> bytes:
        return canonical(asdict(self))

    @property
    def hash(self) -> str:
        return hashlib.sha256(b"\x02" + self.content).hexdigest()

    def signed(self, signature: bytes) -> bytes:
        """The line of the checkpoint in files, without the end of line."""
        return canonical({"checkpoint": asdict(self), "signature": signature.hex()})


def read_signed(line: bytes, where: str) -> tuple[Checkpoint, bytes]:
    """A checkpoint and its signature from a line. Raises TamperedError when it is not in the one canonical form."""
    try:
        document = json.loads(line)
        checkpoint = Checkpoint(**document["checkpoint"])
        signature = bytes.fromhex(document["signature"])
    except (ValueError, TypeError, KeyError) as error:
        raise TamperedError(f"{where}: not a signed checkpoint") from error
    if checkpoint.signed(signature) != line or checkpoint.v != VERSION:
        raise TamperedError(f"{where}: not in canonical form")
    return checkpoint, signature


def fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 of a raw public key, in hexadecimal: the name under which checkpoints mention it."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def read_public_keys(file: Path) -> dict[str, Ed25519PublicKey]:
    """The trusted keys of a PEM file (several after a change of key), by fingerprint. Raises UncheckableError."""
    end = b"-----END PUBLIC KEY-----"
    try:
        blocks = [part.strip() + b"\n" + end for part in file.read_bytes().split(end)[:-1]]
        keys = [serialization.load_pem_public_key(block) for block in blocks]
    except (OSError, ValueError) as error:
        raise UncheckableError(f"{file} holds no readable public key") from error
    trusted = {fingerprint(key): key for key in keys if isinstance(key, Ed25519PublicKey)}
    if not trusted:
        raise UncheckableError(f"{file} holds no Ed25519 public key")
    return trusted


def check_signature(keys: Keys, checkpoint: Checkpoint, signature: bytes) -> None:
    """Raises TamperedError unless a trusted key signed exactly this checkpoint."""
    if checkpoint.key not in keys:
        raise TamperedError(f"checkpoint {checkpoint.sequence}: signed with a key that is not trusted")
    try:
        keys[checkpoint.key].verify(signature, SIGNING_PREFIX + checkpoint.content)
    except InvalidSignature as error:
        raise TamperedError(f"checkpoint {checkpoint.sequence}: its signature is wrong") from error


def check_link(before: Checkpoint | None, checkpoint: Checkpoint) -> None:
    """Raises TamperedError unless this checkpoint follows that one (None: unless it is the very first)."""
    expected = (before.sequence + 1, before.last + 1, before.hash) if before else (1, 1, NO_CHECKPOINT)
    if (checkpoint.sequence, checkpoint.first, checkpoint.previous) != expected or checkpoint.last < checkpoint.first:
        raise TamperedError(f"checkpoint {checkpoint.sequence}: does not follow the one before it")


def check_root(checkpoint: Checkpoint, leaves: Sequence[bytes]) -> None:
    """Raises TamperedError unless these leaves, all of them and in this order, make the checkpoint's root."""
    if len(leaves) != checkpoint.last - checkpoint.first + 1 or tree_root(leaves).hex() != checkpoint.root:
        where = f"checkpoint {checkpoint.sequence} (positions {checkpoint.first} to {checkpoint.last})"
        raise TamperedError(f"{where}: its events are not those that were sealed")


def published_name(sequence: int) -> Path:
    """Where a checkpoint lies in the published folder."""
    return Path(f"{sequence // FILES_IN_A_FOLDER:08d}") / f"{sequence:012d}.json"


def check_published(folder: Path, sequence: int, signed: bytes) -> None:
    """Raises TamperedError when the published checkpoint is another one, UncheckableError when there is none."""
    try:
        published = (folder / published_name(sequence)).read_bytes()
    except FileNotFoundError as error:
        raise UncheckableError(f"checkpoint {sequence} is not in {folder}") from error
    if published != signed + b"\n":
        raise TamperedError(f"checkpoint {sequence}: another one was published")


def verify_export(folder: Path, keys: Keys, published: Path | None) -> str:
    """Check a whole export; returns what was found intact, in a sentence. Raises TamperedError or UncheckableError."""
    before: Checkpoint | None = None
    first: Checkpoint | None = None
    with (folder / "events.jsonl").open("rb") as events:
        for checkpoint, signature in _checkpoints(folder / "checkpoints.jsonl"):
            check_signature(keys, checkpoint, signature)
            if before or checkpoint.sequence == 1:
                check_link(before, checkpoint)
            check_root(checkpoint, _batch(events, checkpoint))
            if published:
                check_published(published, checkpoint.sequence, checkpoint.signed(signature))
            before, first = checkpoint, first or checkpoint
        if events.readline():
            raise TamperedError(f"events.jsonl: more events than position {before.last if before else 0}")
    if before is None or first is None:
        raise UncheckableError(f"{folder} holds no checkpoint")
    return (
        f"Intact: events {first.first} to {before.last}, checkpoints {first.sequence} to {before.sequence}. "
        f"The checkpoint before has the hash {first.previous}, the last one {before.hash}."
    )


def _checkpoints(file: Path) -> Iterator[tuple[Checkpoint, bytes]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            yield read_signed(line.removesuffix(b"\n"), f"{file.name}, line {number}")


def _batch(events: Iterator[bytes], checkpoint: Checkpoint) -> list[bytes]:
    size = checkpoint.last - checkpoint.first + 1
    return [leaf_hash(line.removesuffix(b"\n")) for line in islice(events, size)]


def verify_proof(proof: Mapping[str, Any], keys: Keys, published: Path | None) -> str:
    """Check the proof of one event; returns the event's line. Raises TamperedError or UncheckableError."""
    try:
        event, position = str(proof["event"]), int(proof["position"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        line = canonical({"checkpoint": proof["checkpoint"], "signature": proof["signature"]})
    except (KeyError, TypeError, ValueError) as error:
        raise UncheckableError("this file is no proof of an event") from error
    checkpoint, signature = read_signed(line, "the proof's checkpoint")
    check_signature(keys, checkpoint, signature)
    if not checkpoint.first <= position <= checkpoint.last:
        raise TamperedError(f"position {position} is outside the batch of checkpoint {checkpoint.sequence}")
    index, size = position - checkpoint.first, checkpoint.last - checkpoint.first + 1
    if root_from_path(leaf_hash(event.encode()), index, size, path).hex() != checkpoint.root:
        raise TamperedError(f"position {position}: this event is not the one that was sealed there")
    if published:
        check_published(published, checkpoint.sequence, line)
    return event


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        print(_verdict(options))
    except TamperedError as error:
        print(f"TAMPERED: {error}")
        return 1
    except (UncheckableError, OSError, ValueError) as error:
        print(f"COULD NOT CHECK: {error}")
        return 2
    return 0


def _verdict(options: argparse.Namespace) -> str:
    if options.what == "proof":
        event = verify_proof(json.loads(options.path.read_bytes()), _keys(options), options.checkpoints)
        return f"Intact: this event was sealed.\n{event}"
    return verify_export(options.path, _keys(options), options.checkpoints)


def _keys(options: argparse.Namespace) -> Keys:
    return read_public_keys(options.public_key or options.path / "public-key.pem")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Verify an export of the audit log, or the proof of one event.")
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, trusts_itself in (("export", True), ("proof", False)):
        kind = kinds.add_parser(what)
        kind.add_argument("path", type=Path)
        kind.add_argument("--public-key", type=Path, required=not trusts_itself, help="trusted Ed25519 keys, PEM")
        kind.add_argument("--checkpoints", type=Path, help="the folder of published checkpoints")
    return parser


if __name__ == "__main__":
    sys.exit(main())
