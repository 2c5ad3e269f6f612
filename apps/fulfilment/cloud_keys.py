"""The key service in the cloud: Scaleway Key Manager. Extracts need it, workspaces know how to speak to the cloud.

Each sealed secret has a key of its own there, of external origin: we give its material once and keep no copy, and its
destruction is at once and for good. HDH_SCALEWAY_ACCESS_KEY of the zone `extract` needs KeyManagerFullAccess in the
project of HDH_SCALEWAY_HUB_PROJECT, and nothing else: `deploy/` gives this zone an identity and a project of its own.
"""

import base64
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from scaleway.key_manager.v1alpha1 import KeyManagerV1Alpha1API
from scaleway.key_manager.v1alpha1.types import KeyAlgorithmSymmetricEncryption, KeyOrigin, KeyState, KeyUsage

from apps.extracts.keys import KeyDestroyedError, KeyServiceError, Sealed
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable
from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.errors import Absent
from apps.workspaces.providers.scaleway.secrets import Hidden, Key
from apps.workspaces.providers.scaleway.throttle import TokenBucket
from apps.workspaces.providers.scaleway.transport import Transport, new_session

MATERIAL_BYTES = 32
MARK, DESTROYED = "hdh-extract", "hdh-destroyed"
NEEDED = ("access_key", "secret_key", "organisation", "hub_project")


class CloudKeys:
    """Key Manager as a key service. Whatever the cloud could not do just now is asked again later by the outbox."""

    name = "scaleway"

    def __init__(self, keys: KeyManagerV1Alpha1API, hub_project: str) -> None:
        self._keys, self._hub_project = keys, hub_project

    def renew(self) -> str:
        """Nothing to begin: every sealed secret has a key of its own already."""
        return "a key for each project"

    def seal(self, project: str, secret: bytes) -> Sealed:
        if any(DESTROYED in (key.tags or []) for key in self._of(project)):
            raise _destroyed()
        made = self._keys.create_key(
            project_id=self._hub_project,
            name=f"{MARK}-{project}-{secrets.token_hex(4)}",
            tags=[MARK, _tag(project)],
            usage=KeyUsage(symmetric_encryption=KeyAlgorithmSymmetricEncryption.AES_256_GCM),
            origin=KeyOrigin.EXTERNAL,
            unprotected=True,
        )
        self._keys.import_key_material(key_id=made.id, key_material=_text(secrets.token_bytes(MATERIAL_BYTES)))
        sealed = self._keys.encrypt(key_id=made.id, plaintext=_text(secret), associated_data=_text(project.encode()))
        return Sealed(made.id, base64.b64decode(sealed.ciphertext))

    def open(self, project: str, sealed: Sealed) -> bytes:
        try:
            answer = self._keys.decrypt(
                key_id=sealed.wrapping_key,
                ciphertext=_text(sealed.ciphertext),
                associated_data=_text(project.encode()),
            )
        except (ProviderRefused, ProviderUnavailable) as error:
            if self._is_gone(project):
                raise _destroyed() from None
            if isinstance(error, ProviderUnavailable):
                raise
            raise KeyServiceError(f"Key Manager does not open the project's secret: {error}.") from None
        return base64.b64decode(answer.plaintext)

    def forget(self, project: str, wrapping_key: str) -> None:
        self._end(wrapping_key)

    def destroy(self, project: str) -> Mapping[str, str]:
        said = {}
        for key in self._of(project):
            self._keys.update_key(key_id=key.id, tags=[MARK, _tag(project), DESTROYED])
            self._end(key.id)
            said[key.id] = self._told(key.id)
        return said

    def _end(self, key_id: str) -> None:
        """Its material at once, then the empty key, which the cloud removes when its grace has passed."""
        try:
            key = self._keys.get_key(key_id=key_id)
            if key.state is KeyState.ENABLED:
                self._keys.delete_key_material(key_id=key_id)
            if key.state is not KeyState.SCHEDULED_FOR_DELETION:
                self._keys.delete_key(key_id=key_id)
        except Absent:
            return

    def _told(self, key_id: str) -> str:
        try:
            key = self._keys.get_key(key_id=key_id)
        except Absent:
            return "unknown to Key Manager"
        return f"{key.state}, {key.rotation_count} generations of material, given up {key.deletion_requested_at}"

    def _is_gone(self, project: str) -> bool:
        """Whether the cloud itself says that no key of the project has any material."""
        gone = (KeyState.PENDING_KEY_MATERIAL, KeyState.SCHEDULED_FOR_DELETION)
        return all(key.state in gone for key in self._of(project))

    def _of(self, project: str) -> Iterator[Any]:
        for scheduled in (False, True):
            yield from self._keys.list_keys_all(
                project_id=self._hub_project, tags=[_tag(project)], scheduled_for_deletion=scheduled
            )


@cache
def configured() -> CloudKeys:
    """The key service of the account in HDH_SCALEWAY_…. Raises KeyServiceError naming what is missing."""
    values: Mapping[str, str] = settings.SCALEWAY
    if missing := [f"HDH_SCALEWAY_{name.upper()}" for name in NEEDED if not values.get(name)]:
        raise KeyServiceError(f"Set {', '.join(missing)} for this process: see docs/scaleway.md.")
    nobody = Key("", Hidden(""))
    account = Account(
        key=Key(values["access_key"], Hidden(values["secret_key"])),
        stranger=nobody,
        organisation=values["organisation"],
        hub_project=values["hub_project"],
        hub_vpc="",
        api=values.get("api") or Account.api,
    )
    transport = Transport(account, session=new_session(), budget=TokenBucket(account.rate, account.burst))
    return CloudKeys(transport.product(KeyManagerV1Alpha1API), account.hub_project)


def _destroyed() -> KeyDestroyedError:
    return KeyDestroyedError("The project's key was destroyed in Key Manager: nothing can be made with it again.")


def _tag(project: str) -> str:
    return f"{MARK}-{project}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
