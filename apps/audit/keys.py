"""The key that signs checkpoints, held by the sealer alone, and the public keys that everybody may check them with."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from apps.audit.standalone.verify_audit import Keys, UncheckableError, read_public_keys


class KeyMissingError(Exception):
    """The sealer has no key to sign with. The message says what to do."""


def signing_key() -> Ed25519PrivateKey:
    """The key of HDH_AUDIT_KEY_FILE. Raises KeyMissingError where there is none."""
    file = settings.AUDIT_KEY_FILE
    if file is None or not file.exists():
        raise KeyMissingError("Name the sealer's key in HDH_AUDIT_KEY_FILE, and make it with manage.py audit_key_init.")
    return load_key(file)


def load_key(file: Path) -> Ed25519PrivateKey:
    """The key of a file. Raises KeyMissingError when the file holds something else."""
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        raise KeyMissingError(f"{file} holds no key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissingError(f"{file} holds no Ed25519 key.")
    return key


def key_init(file: Path) -> tuple[Ed25519PublicKey, bool]:
    """Make a key readable by its owner alone, with `<file>.pub` beside it; keep the one that is there.

    Returns the public key, and whether it is new.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    is_new = not file.exists()
    if is_new:
        _write_key(file)
    key = load_key(file).public_key()
    public_file(file).write_bytes(public_pem(key))
    return key, is_new


def _write_key(file: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(pem)
        written.flush()
        os.fsync(written.fileno())


def public_file(file: Path) -> Path:
    """Where the public key of a key file lies."""
    return file.with_name(f"{file.name}.pub")


def public_pem(key: Ed25519PublicKey) -> bytes:
    """A public key as it is published."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def trusted_file() -> Path:
    """The file of trusted public keys. Raises UncheckableError in a process that was given none."""
    if settings.AUDIT_PUBLIC_KEY_FILE:
        return Path(settings.AUDIT_PUBLIC_KEY_FILE)
    if settings.AUDIT_KEY_FILE:
        return public_file(settings.AUDIT_KEY_FILE)
    raise UncheckableError("HDH_AUDIT_PUBLIC_KEY_FILE names no public key to check signatures with")


def trusted_keys() -> Keys:
    """The public keys that checkpoints may be signed with. Raises UncheckableError without any."""
    return read_public_keys(trusted_file())


def trusted_fingerprints() -> list[str]:
    """The fingerprints of the trusted keys, to be compared with those that were told by another way; none without."""
    try:
        return sorted(trusted_keys())
    except UncheckableError:
        return []
