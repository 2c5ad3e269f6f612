"""The platform's master key, from which each project's pseudonymisation key is derived. Extract zone only."""

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

MASTER_BYTES = 32


class KeyringError(Exception):
    """The keyring is missing, damaged or readable by others; the message says which."""


@dataclass(frozen=True)
class MasterKey:
    """A master secret and the identifier under which manifests name it."""

    id: str
    secret: bytes = field(repr=False)


def keyring_create(path: Path) -> str:
    """Make a keyring with a fresh master key, for its owner alone, unless one stands. Returns the key's identifier."""
    if path.exists():
        return keyring_read(path).id
    key_id = f"master-{secrets.token_hex(4)}"
    content = {"id": key_id, "secret": base64.b64encode(secrets.token_bytes(MASTER_BYTES)).decode()}
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return key_id


def keyring_read(path: Path) -> MasterKey:
    """The master key. Raises KeyringError when the file is missing, damaged or open to other accounts."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyringError("The keyring file is open to other accounts: restrict it to its owner (chmod 600).")
        content = json.loads(path.read_text())
        key = MasterKey(id=str(content["id"]), secret=base64.b64decode(content["secret"], validate=True))
    except FileNotFoundError:
        raise KeyringError("The keyring file does not exist: run `manage.py keyring_init`.") from None
    except (ValueError, KeyError, TypeError):
        raise KeyringError("The keyring file is damaged: restore it from its backup.") from None
    if len(key.secret) < MASTER_BYTES:
        raise KeyringError("The keyring file is damaged: its secret is too short.")
    return key
