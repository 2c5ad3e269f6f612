"""Pseudonyms: the only room where a key is used.

A project key is derived from a master by HKDF-SHA-256; each kind of pseudonym (person, claim, stay, professional,
facility) has its own key derived from the project's. A pseudonym is 128 bits of a keyed hash of the source identifier,
shaped as a UUID: HMAC-SHA-256 for identifiers that are texts, once per distinct value; AES-256-CMAC for those that are
rows of keys, claims and stays. The key never reaches SQL, a plan, a log, or the text of an object: engines call the
functions of ``keyed`` by a name. See ADR 0022 and 0101 for why.
"""

import base64
import binascii
import hashlib
import hmac
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .catalogue import Kind
from .keyed import RowPseudonyms, TextPseudonyms, row_pseudonym, shaped
from .problems import KeyFileError
from .signature import Signer

KEY_BYTES = 32
ROW_KINDS: Mapping[Kind, frozenset[int]] = {Kind.CLAIM: frozenset({6}), Kind.STAY: frozenset({1})}
"""Kinds whose identifier is a row of keys (``CLAIM_KEYS``; year and ``STAY_KEYS``), and the places of the texts."""
KEYED_KINDS = frozenset(Kind) - {Kind.SAMPLE, Kind.SHIFT, Kind.CONTROL}
"""Kinds that engines make pseudonyms of; the others are drawn by the holder of the key alone."""
_BLOCK = 64
_INNER, _OUTER = bytes([0x36]) * _BLOCK, bytes([0x5C]) * _BLOCK


class ProjectKey:
    """The pseudonymisation key of one project. Only its ``id`` may be shown; it cannot be pickled or printed."""

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise KeyFileError(f"a key has at least {KEY_BYTES} bytes")
        self._secret = secret
        self.id = _derive(secret, b"hdh extract key id")[:8].hex()

    @classmethod
    def for_project(cls, master: bytes, project: str) -> "ProjectKey":
        """The key of a project, derived from a master of at least 32 bytes."""
        if len(master) < KEY_BYTES:
            raise KeyFileError(f"a master key has at least {KEY_BYTES} bytes")
        return cls(_derive(master, b"hdh extract project " + project.encode()))

    def __repr__(self) -> str:
        return f"ProjectKey(id={self.id!r})"

    def __reduce__(self) -> str:
        raise TypeError("a project key is never serialised")

    def pseudonyms(self, kind: Kind, identifiers: Iterable[str]) -> list[bytes]:
        """The 16 bytes of each identifier, in order."""
        # HMAC with the key blocks hashed once: twice as fast as one call of hmac per identifier, same values.
        inner, outer = self._hashers(kind)
        found = []
        for text in identifiers:
            first = inner.copy()
            first.update(text.encode())
            second = outer.copy()
            second.update(first.digest())
            found.append(shaped(second.digest()))
        return found

    def pseudonym(self, kind: Kind, identifier: str) -> UUID:
        """The pseudonym of one identifier."""
        return UUID(bytes=shaped(hmac.digest(self._key_of(kind), identifier.encode(), "sha256")))

    def pseudonym_of_row(self, kind: Kind, values: Sequence[str | int | date | None]) -> UUID:
        """The pseudonym of one row of keys."""
        return UUID(bytes=row_pseudonym(self._key_of(kind), values, ROW_KINDS[kind]))

    def sampled(self, person: str, one_in: int) -> bool:
        """Whether a person is in the project's sample of one in so many."""
        return self._number(Kind.SAMPLE, person) % one_in == 0

    def order(self, persons: Sequence[str]) -> list[int]:
        """The place of each person in the order in which controls are drawn."""
        return [int.from_bytes(drawn, "big") for drawn in self.pseudonyms(Kind.CONTROL, persons)]

    def shift(self, person: str, longest: int) -> int:
        """By how many days the dates of a person move, from ``-longest`` to ``longest``."""
        return self._number(Kind.SHIFT, person) % (2 * longest + 1) - longest

    def _number(self, kind: Kind, person: str) -> int:
        return int.from_bytes(hmac.digest(self._key_of(kind), person.encode(), "sha256"), "big")

    def signer(self) -> Signer:
        """The signer of the project's manifests, when the platform has none of its own."""
        return Signer(self._secret)

    def functions(self) -> Mapping[Kind, RowPseudonyms | TextPseudonyms]:
        """What an engine calls on columns, for each kind."""
        made: dict[Kind, RowPseudonyms | TextPseudonyms] = {}
        for kind in KEYED_KINDS:
            key = self._key_of(kind)
            made[kind] = RowPseudonyms(key) if kind in ROW_KINDS else TextPseudonyms(_hmac_under(key))
        return made

    def _key_of(self, kind: Kind) -> bytes:
        return _derive(self._secret, b"hdh extract kind " + kind.value.encode())

    def _hashers(self, kind: Kind) -> tuple["hashlib._Hash", "hashlib._Hash"]:
        key = self._key_of(kind).ljust(_BLOCK, b"\0")
        return tuple(  # type: ignore[return-value]
            hashlib.sha256(bytes(a ^ b for a, b in zip(key, pad, strict=True))) for pad in (_INNER, _OUTER)
        )


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _hmac_under(key: bytes) -> Callable[[str], bytes]:
    return lambda text: shaped(hmac.digest(key, text.encode(), "sha256"))


def read_key_file(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """The master key in a file, and warnings about the file.

    The file holds at least 32 bytes, as hexadecimal, as base64 or raw. Raises ``KeyFileError`` when it is unreadable or
    too short. A file that other accounts may read gives a warning.
    """
    try:
        content, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise KeyFileError(f"{path}: the key file cannot be read ({error.strerror})") from error
    secret = _decoded(content)
    if len(secret) < KEY_BYTES:
        raise KeyFileError(f"{path}: the key has {len(secret)} bytes, at least {KEY_BYTES} are needed")
    open_to_others = mode & (stat.S_IRGRP | stat.S_IROTH)
    return secret, (f"{path}: other accounts can read the key file; chmod 600 it",) if open_to_others else ()


def _decoded(content: bytes) -> bytes:
    text = content.strip()
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return content
