"""Where documents are kept: a folder outside the web root, under random names, each encrypted with a key of its own.

The file holds AES-256-GCM ciphertext bound to its name. Its key is in the database, itself sealed under the setting
DOCUMENT_KEY: neither a copy of the folder nor one of the database gives a document, and forgetting the sealed key
destroys a document in every backup of the folder.
"""

import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = b"\x01"
NONCE_BYTES = 12


class DocumentDamaged(Exception):
    """The file or its key is not what was stored: altered, exchanged, or sealed under another key."""


def store(key: str, data: bytes) -> bytes:
    """Write a document so that it is whole on disk, or absent; gives its sealed key, to be kept in the database.

    Raises FileExistsError when the name was used.
    """
    own_key = AESGCM.generate_key(bit_length=256)
    path = _path(key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".part"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(_encrypted(own_key, data, f"document:{key}"))
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".part").rename(path)
    return _encrypted(_master(), own_key, f"key:{key}")


def opened(key: str, sealed_key: bytes) -> bytes:
    """The document. Raises FileNotFoundError when it is gone, DocumentDamaged when it is not what was stored."""
    try:
        return _decrypted(_decrypted(_master(), sealed_key, f"key:{key}"), _path(key).read_bytes(), f"document:{key}")
    except InvalidTag as error:
        raise DocumentDamaged(key) from error


def erase(key: str) -> None:
    """Delete a document, or what was written of it; nothing happens when it is gone already."""
    _path(key).unlink(missing_ok=True)
    _path(key).with_suffix(".part").unlink(missing_ok=True)


def _path(key: str) -> Path:
    if settings.MEDIA_DIR is None:
        raise ImproperlyConfigured("HDH_MEDIA_DIR is not set in this process: it has no business with documents")
    return Path(settings.MEDIA_DIR) / key[:2] / key


def _encrypted(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _decrypted(key: bytes, sealed: bytes, context: str) -> bytes:
    start = len(VERSION) + NONCE_BYTES
    if sealed[: len(VERSION)] != VERSION:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[len(VERSION) : start], sealed[start:], context.encode())


def _master() -> bytes:
    return _derived(settings.DOCUMENT_KEY)


@lru_cache(maxsize=4)
def _derived(secret: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"hdh:documents:seal").derive(secret.encode())
