"""One workspace in the cloud: names and tags that follow from its id alone, and the products to reach its parts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from scaleway.account.v3 import AccountV3ProjectAPI
from scaleway.block.v1 import BlockV1API
from scaleway.iam.v1alpha1 import IamV1Alpha1API
from scaleway.instance.v1 import InstanceV1API
from scaleway.ipam.v1 import IpamV1API
from scaleway.key_manager.v1alpha1 import KeyManagerV1Alpha1API
from scaleway.marketplace.v2 import MarketplaceV2API
from scaleway.secret.v1beta1 import SecretV1Beta1API
from scaleway.vpc.v2 import VpcV2API
from scaleway.vpcgw.v2 import VpcgwV2API

from apps.workspaces.providers.base import Job, Known
from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.agent import Agent
from apps.workspaces.providers.scaleway.errors import NotMade, Told
from apps.workspaces.providers.scaleway.exchange import Guard, Listener
from apps.workspaces.providers.scaleway.storage import Storage
from apps.workspaces.providers.scaleway.transport import Transport

JSON = Any
MARK = "hdh"
PREFIX = "hdh-"
SETTLE = timedelta(seconds=30)
"""How long a new resource may stay unseen: after a creation whose answer was lost, nothing is created again before."""


class Cloud:
    """The organisation's products through the transport, as the portal."""

    def __init__(
        self, account: Account, transport: Transport, storage: Storage, agent: Agent, now: Callable[[], datetime]
    ) -> None:
        self.account, self.transport, self.storage, self.agent, self.now = account, transport, storage, agent, now

    def listen(self, listener: Listener, guard: Guard = lambda: None) -> None:
        """Have every exchange told to `listener` from now on, and `guard` asked before each change."""
        self.transport.listener = self.storage.listener = self.agent.listener = listener
        self.transport.guard = self.storage.guard = guard

    @cached_property
    def projects(self) -> AccountV3ProjectAPI:
        return self.transport.product(AccountV3ProjectAPI)

    @cached_property
    def iam(self) -> IamV1Alpha1API:
        return self.transport.product(IamV1Alpha1API)

    @cached_property
    def vpc(self) -> VpcV2API:
        return self.transport.product(VpcV2API)

    @cached_property
    def gateways(self) -> VpcgwV2API:
        return self.transport.product(VpcgwV2API)

    @cached_property
    def ipam(self) -> IpamV1API:
        return self.transport.product(IpamV1API)

    @cached_property
    def instance(self) -> InstanceV1API:
        return self.transport.product(InstanceV1API)

    @cached_property
    def block(self) -> BlockV1API:
        return self.transport.product(BlockV1API)

    @cached_property
    def keys(self) -> KeyManagerV1Alpha1API:
        return self.transport.product(KeyManagerV1Alpha1API)

    @cached_property
    def secrets(self) -> SecretV1Beta1API:
        return self.transport.product(SecretV1Beta1API)

    @cached_property
    def marketplace(self) -> MarketplaceV2API:
        return self.transport.product(MarketplaceV2API)

    @cached_property
    def myself(self) -> str:
        """The portal's own principal, as bucket policies name it."""
        key = self.iam.get_api_key(access_key=self.account.key.access)
        return f"application_id:{key.application_id}" if key.application_id else f"user_id:{key.user_id}"


@dataclass(frozen=True)
class Site:
    """A job of the engine's with the cloud it is done in."""

    cloud: Cloud
    job: Job

    @property
    def hex(self) -> str:
        return self.job.spec.id.hex

    def name(self, kind: str = "") -> str:
        """The deterministic name of a part: the same for whoever makes it, and told by no other."""
        return f"{PREFIX}{self.hex}-{kind.replace('_', '-')}" if kind else f"{PREFIX}{self.hex}"

    def tags(self, kind: str) -> list[str]:
        """By these a part is found again when its identifier was never learned."""
        return [MARK, f"{PREFIX}{self.hex}", f"{PREFIX}is-{kind.replace('_', '-')}"]

    def known(self, kind: str) -> Known | None:
        return self.job.notebook.known(kind)

    def id_of(self, kind: str) -> str:
        """The identifier of a part that an earlier step made. Raises Absent when the ledger has none."""
        found = self.known(kind)
        if found is None:
            raise NotMade(Told(kind, None, "not_in_ledger"))
        return found.external_id

    def keep(self, kind: str, external_id: str, facts: dict[str, str]) -> None:
        self.job.notebook.keep(kind, external_id, facts)

    def is_settling(self, kind: str) -> bool:
        """Whether a creation of this kind may still be about to show up."""
        tried = self.job.notebook.last_try(kind)
        return tried is not None and self.cloud.now() - tried < SETTLE


def workspace_of(name: str) -> UUID | None:
    """The workspace that a name of ours speaks of; None for any other name."""
    text = name.removeprefix(PREFIX).partition("-")[0]
    try:
        return UUID(hex=text) if name.startswith(PREFIX) and len(text) == 32 else None
    except ValueError:
        return None
