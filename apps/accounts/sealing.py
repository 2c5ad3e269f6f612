"""Encryption and keyed digests of the few secrets the accounts keep, under the setting FIELD_KEY.

A copy of the database alone gives neither the seeds of the second factors nor a way to guess recovery codes.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = b"\x01"
_NONCE_BYTES = 12


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypt with AES-256-GCM, bound to `context` (whose secret it is): moved to another row it no longer opens."""
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(_key("seal")).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """Decrypt what `seal` made. Raises cryptography's InvalidTag for another key, another context or altered bytes."""
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    return AESGCM(_key("seal")).decrypt(nonce, body, context.encode())


def keyed_digest(text: str, *, purpose: str) -> str:
    """A hexadecimal HMAC-SHA-256: equal texts of one purpose compare equal, and only the key allows guesses."""
    return hmac.new(_key(f"digest:{purpose}"), text.encode(), hashlib.sha256).hexdigest()


def _key(purpose: str) -> bytes:
    return _derived(settings.FIELD_KEY, purpose)


@lru_cache(maxsize=16)
def _derived(master: str, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"hdh:accounts:{purpose}".encode()).derive(master.encode())
