"""Pseudonyms: the only room where a key is used.

A project key is derived from a master by HKDF-SHA-256; each kind of pseudonym (person, claim, stay, professional,
facility) has its own key derived from the project's. A pseudonym is the HMAC-SHA-256 of the source identifier, cut to
128 bits and shaped as a UUID. It is computed once per distinct identifier, here, and joined as a table: the key never
reaches SQL, a plan, a log, or the text of an object. See ``docs/adr`` for why.
"""

import base64
import binascii
import hashlib
import hmac
import stat
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .catalogue import Kind
from .problems import KeyFileError

KEY_BYTES = 32
PSEUDONYM_BYTES = 16
SEPARATOR = "\x1f"
"""Between the parts of an identifier: a character that none of them holds."""
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
            found.append(_shaped(second.digest()))
        return found

    def pseudonym(self, kind: Kind, identifier: str) -> UUID:
        """The pseudonym of one identifier."""
        return UUID(bytes=_shaped(hmac.digest(self._key_of(kind), identifier.encode(), "sha256")))

    def _key_of(self, kind: Kind) -> bytes:
        return _derive(self._secret, b"hdh extract kind " + kind.value.encode())

    def _hashers(self, kind: Kind) -> tuple["hashlib._Hash", "hashlib._Hash"]:
        key = self._key_of(kind).ljust(_BLOCK, b"\0")
        return tuple(  # type: ignore[return-value]
            hashlib.sha256(bytes(a ^ b for a, b in zip(key, pad, strict=True))) for pad in (_INNER, _OUTER)
        )


def joined(*parts: object) -> str:
    """An identifier in one text: ``joined("2021", "990000001", 12)``."""
    return SEPARATOR.join(map(str, parts))


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _shaped(digest: bytes) -> bytes:
    """The first 128 bits, with the version (8: custom) and variant that make a valid UUID."""
    value = bytearray(digest[:PSEUDONYM_BYTES])
    value[6] = (value[6] & 0x0F) | 0x80
    value[8] = (value[8] & 0x3F) | 0x80
    return bytes(value)


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
