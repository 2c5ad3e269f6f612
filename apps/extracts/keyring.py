"""The local key service: one encrypted file. Extract zone only.

The file is AES-256-GCM under a key derived from the unlock secret, which lies elsewhere (``HDH_KEYRING_UNLOCK_FILE``).
Inside are the masters, and one random salt for each sealed secret: the wrapping key is HKDF-SHA-256 of a master with
that salt. Without its salt a wrapping key cannot be derived again, not even with the master.
"""

import base64
import binascii
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.extracts.keys import KeyDestroyedError, KeyServiceError, Sealed

FORMAT = 2
KEY_BYTES = 32
NONCE_BYTES = 12
FILE = b"hdh keyring file 2"

Content = dict[str, Any]
"""``masters``: secret by name; ``newest``: the name of the one in use; ``wrapping``: project, master and salt by name;
``destroyed``: when, by project."""


class KeyringError(KeyServiceError):
    """The keyring is missing, damaged, locked or readable by others; the message says which."""


@dataclass(frozen=True)
class Keyring:
    """A keyring at a path, opened with the secret in another file."""

    path: Path
    unlock: Path

    name = "keyring"

    def create(self) -> str:
        """Make the unlock secret and the keyring, for their owner alone, unless they stand; a keyring of the first
        format, a master in clear, is encrypted. Returns the name of the newest master. Raises KeyringError."""
        if not self.unlock.exists():
            _write(self.unlock, base64.b64encode(secrets.token_bytes(KEY_BYTES)))
        with self._locked():
            if not self.path.exists():
                self._keep(_with_new_master({"masters": {}, "newest": "", "wrapping": {}, "destroyed": {}}))
            elif (former := _first_format(_private(self.path, "keyring"))) is not None:
                self._keep(former)
            return str(self._content()["newest"])

    def renew(self) -> str:
        """Make another master for what is sealed from now on; masters that seal nothing any more are dropped."""
        with self._changed() as content:
            used = {wrapping["master"] for wrapping in content["wrapping"].values()}
            content["masters"] = {name: value for name, value in content["masters"].items() if name in used}
            return str(_with_new_master(content)["newest"])

    def seal(self, project: str, secret: bytes) -> Sealed:
        """Seal with a wrapping key that is made here. Raises KeyDestroyedError for a project whose keys were."""
        with self._changed() as content:
            _refuse_destroyed(content, project)
            name = f"{content['newest']}/{secrets.token_hex(8)}"
            salt = _text(secrets.token_bytes(KEY_BYTES))
            content["wrapping"][name] = {"project": project, "master": content["newest"], "salt": salt}
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(name, nonce + AESGCM(_wrapping_key(content, name)).encrypt(nonce, secret, project.encode()))

    def open(self, project: str, sealed: Sealed) -> bytes:
        """The secret. Raises KeyDestroyedError, or KeyringError when the two do not belong together."""
        content = self._content()
        _refuse_destroyed(content, project)
        if sealed.wrapping_key not in content["wrapping"]:
            raise KeyringError(f"The keyring does not hold {sealed.wrapping_key}: it is older than the database.")
        cipher = AESGCM(_wrapping_key(content, sealed.wrapping_key))
        try:
            nonce, ciphertext = sealed.ciphertext[:NONCE_BYTES], sealed.ciphertext[NONCE_BYTES:]
            return cipher.decrypt(nonce, ciphertext, project.encode())
        except (InvalidTag, ValueError):
            raise KeyringError("The sealed secret of the project was altered, or is that of another one.") from None

    def forget(self, project: str, wrapping_key: str) -> None:
        """Drop the salt of one wrapping key."""
        with self._changed() as content:
            content["wrapping"].pop(wrapping_key, None)

    def destroy(self, project: str) -> Mapping[str, str]:
        """Drop every salt of the project, and remember when, so that none is made again."""
        with self._changed() as content:
            dropped = [name for name, one in content["wrapping"].items() if one["project"] == project]
            for name in dropped:
                del content["wrapping"][name]
            since = content["destroyed"].setdefault(project, datetime.now(UTC).isoformat(timespec="seconds"))
        return {"keyring": self.path.name, "since": since, "dropped": ", ".join(sorted(dropped))}

    def _content(self) -> Content:
        """Everything in the keyring, decrypted. Raises KeyringError."""
        try:
            written = json.loads(_private(self.path, "keyring"))
            nonce, sealed = (base64.b64decode(written[part], validate=True) for part in ("nonce", "sealed"))
            content: Content = json.loads(AESGCM(self._file_key()).decrypt(nonce, sealed, FILE))
        except InvalidTag:
            raise KeyringError("The keyring does not open: the unlock secret is another, or it is damaged.") from None
        except (ValueError, KeyError, TypeError):
            raise KeyringError("The keyring file is damaged: restore it from its backup.") from None
        return content

    def _file_key(self) -> bytes:
        try:
            secret = base64.b64decode(_private(self.unlock, "unlock").strip(), validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) < KEY_BYTES:
            raise KeyringError(f"The unlock file must hold {KEY_BYTES} random bytes in base64.")
        return _derived(secret, b"", FILE)

    def _keep(self, content: Content) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._file_key()).encrypt(nonce, json.dumps(content).encode(), FILE)
        written = {"format": FORMAT, "cipher": "AES-256-GCM", "nonce": _text(nonce), "sealed": _text(sealed)}
        _write(self.path, json.dumps(written).encode())

    @contextmanager
    def _changed(self) -> Iterator[Content]:
        """The content, written back as a whole when the block ends well; one process at a time."""
        with self._locked():
            content = self._content()
            yield content
            self._keep(content)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def configured() -> Keyring:
    """The keyring that the settings name. Raises KeyringError in a process that was not given it."""
    if settings.KEYRING_FILE is None or settings.KEYRING_UNLOCK_FILE is None:
        raise KeyringError("HDH_KEYRING_FILE and HDH_KEYRING_UNLOCK_FILE are not set for this process.")
    return Keyring(settings.KEYRING_FILE, settings.KEYRING_UNLOCK_FILE)


def _with_new_master(content: Content) -> Content:
    name = f"master-{secrets.token_hex(4)}"
    content["masters"][name], content["newest"] = _text(secrets.token_bytes(KEY_BYTES)), name
    return content


def _first_format(written: bytes) -> Content | None:
    """The content of a keyring of the first format; None when it is of another, or damaged."""
    try:
        found = json.loads(written)
        name, secret = str(found["id"]), base64.b64decode(found["secret"], validate=True)
    except (ValueError, KeyError, TypeError):
        return None
    return {"masters": {name: _text(secret)}, "newest": name, "wrapping": {}, "destroyed": {}}


def _refuse_destroyed(content: Content, project: str) -> None:
    if since := content["destroyed"].get(project):
        raise KeyDestroyedError(f"The project's key was destroyed on {since[:10]}: nothing can be made with it again.")


def _wrapping_key(content: Content, name: str) -> bytes:
    one = content["wrapping"][name]
    master, salt = base64.b64decode(content["masters"][one["master"]]), base64.b64decode(one["salt"])
    return _derived(master, salt, b"hdh extract wrap " + one["project"].encode())


def _derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(secret)


def _private(path: Path, what: str) -> bytes:
    """The content of a file that only its owner may read. Raises KeyringError."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyringError(f"The {what} file is open to other accounts: restrict it to its owner (chmod 600).")
        return path.read_bytes()
    except OSError:
        raise KeyringError(f"The {what} file does not exist or cannot be read: run `manage.py keyring_init`.") from None


def _write(path: Path, content: bytes) -> None:
    """Replace a file as a whole with one that only its owner reads, on the disk when this returns."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
