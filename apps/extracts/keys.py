"""What keeps the projects' keys: it seals a secret, opens it again, and can make that impossible for ever.

The secret of a project is 32 random bytes, from which HKDF derives the key of its pseudonyms (``engine.pseudonyms``).
At rest it is sealed in the database (``SealedKey``) by a key of its own, a wrapping key, which only the key service
has: neither a copy of the database nor one of the key service opens it. See docs/adr/0170.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class KeyServiceError(Exception):
    """The key service cannot do what it is asked; the message says why, to a person, without any secret."""


class KeyDestroyedError(KeyServiceError):
    """What sealed this secret was destroyed: nobody can open it any more."""


@dataclass(frozen=True)
class Sealed:
    """A secret that only ``wrapping_key``, inside the key service, opens."""

    wrapping_key: str
    ciphertext: bytes = field(repr=False)


class KeyService(Protocol):
    """Holds one wrapping key for each sealed secret. Every method may be called twice."""

    name: str

    def renew(self) -> str:
        """Begin a new generation: what is sealed from now on rests on a new master. Returns what it is called."""

    def seal(self, project: str, secret: bytes) -> Sealed:
        """Seal the secret of a project with a wrapping key made for it. Raises ``KeyServiceError``."""

    def open(self, project: str, sealed: Sealed) -> bytes:
        """The secret. Raises ``KeyDestroyedError``, or ``KeyServiceError`` for any other reason."""

    def forget(self, project: str, wrapping_key: str) -> None:
        """Destroy one wrapping key that nothing is sealed with any more."""

    def destroy(self, project: str) -> Mapping[str, str]:
        """Destroy every wrapping key of a project, for ever. Returns what the service says of it, for the audit."""


def key_service() -> KeyService:
    """The key service of this installation (``HDH_KEY_SERVICE``). Raises ``KeyServiceError`` when it is not set up."""
    service: KeyService = import_string(settings.KEY_SERVICE)()
    return service
