"""The signature of a manifest: Ed25519 (RFC 8032), beside it, over its very bytes.

Whoever holds the public key can tell that a delivery is what the platform made. The signature of the same bytes under
the same key is always the same, so that a rerun gives identical files.
"""

import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .places import Place

SIGNATURE = "manifest.sig.json"
ALGORITHM = "Ed25519"
SEED_BYTES = 32


class Signer:
    """A signing key; only its public half may be shown, and it cannot be pickled or printed."""

    __slots__ = ("_private", "public_key")

    def __init__(self, master: bytes) -> None:
        """Derive the signing key from a master of at least 32 bytes, apart from every key of pseudonyms."""
        if len(master) < SEED_BYTES:
            raise ValueError(f"a master has at least {SEED_BYTES} bytes")
        seed = HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=b"hdh extract manifest").derive(master)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._private.public_key().public_bytes_raw().hex()

    def __repr__(self) -> str:
        return f"Signer(public_key={self.public_key!r})"

    def __reduce__(self) -> str:
        raise TypeError("a signing key is never serialised")

    def sign(self, manifest: Path) -> None:
        """Write the signature of a manifest beside it."""
        signed = self._private.sign(manifest.read_bytes()).hex()
        described = {"algorithm": ALGORITHM, "public_key": self.public_key, "signature": signed}
        (manifest.parent / SIGNATURE).write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")


def signed_by(manifest: Place) -> str:
    """The public key under which a manifest is truly signed; empty when it is not."""
    try:
        described = json.loads((manifest.parent / SIGNATURE).read_bytes())
        public = bytes.fromhex(described["public_key"])
        signature = bytes.fromhex(described["signature"])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, manifest.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, InvalidSignature):
        return ""
    return public.hex() if described.get("algorithm") == ALGORITHM else ""
