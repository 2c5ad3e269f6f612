"""The whole imitated account: clock, resources, limits, faults and ledger, and its way of answering one request."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.workspaces.fake_scaleway.access import Principal
from apps.workspaces.fake_scaleway.clock import Clock, VirtualClock, stamp
from apps.workspaces.fake_scaleway.faults import Faults
from apps.workspaces.fake_scaleway.ledger import Ledger
from apps.workspaces.fake_scaleway.limits import Limits
from apps.workspaces.fake_scaleway.store import Effect, Record, Store

JSON = Any
# Seconds that real operations take, as recorded (rounded); `speed` divides them all.
DELAYS: Mapping[str, float] = {
    "volume.creating": 3,
    "volume.updating": 3,
    "volume.detaching": 20,
    "snapshot.creating": 4,
    "snapshot.exporting": 30,
    "server.allocating": 3,
    "server.provisioning": 4,
    "server.booting": 3,
    "server.reporting": 300,
    "server.stopping": 15,
    "server.rebooting": 30,
    "server.terminating": 5,
    "server.file_system": 8,
    "local_snapshot": 25,
    "local_export": 30,
    "gateway.allocating": 10,
    "gateway.configuring": 4,
    "gateway.deleting": 10,
    "gateway_network.attaching": 8,
    "gateway_network.detaching": 8,
    "private_nic.attaching": 3,
    "private_nic.detaching": 2,
    "ip.pending": 15,
    "security_group.syncing": 2,
    "file_system.creating": 5,
    "domain.spreading": 20,
    "lb.creating": 30,
    "lb.configuring": 2,
    "lb.deleting": 5,
    "rdb.creating": 150,
    "rdb.deleting": 60,
}


class Notebooks(Protocol):
    """The JupyterLab of each server, where it really runs (`notebooks`)."""

    def front(self, server: Record) -> tuple[int, str] | None:
        """Port and SHA-256 of the certificate; None while it is not there yet."""

    def answers(self, server: Record) -> bool:
        """Whether JupyterLab answers."""

    def idle_seconds(self, server: Record) -> int:
        """For how long nothing was computed or typed."""

    def mount(self, server: Record, files: Mapping[str, bytes]) -> None:
        """Show it what the server read from its bucket."""


@dataclass
class World:
    """One account. `seed` makes identifiers reproducible; `lag` is for how long a new resource stays unseen."""

    clock: Clock = field(default_factory=VirtualClock)
    store: Store = field(default_factory=Store)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    ledger: Ledger = field(default_factory=Ledger)
    speed: float = 1.0
    lag: float = 0.0
    lag_by_kind: dict[str, float] = field(default_factory=dict)
    seed: int | None = None
    organization: str = ""
    default_project: str = ""
    access_key: str = ""
    secret_key: str = ""
    hub: dict[str, str] = field(default_factory=dict)
    notebooks: Notebooks | None = None

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - identifiers of a toy, not secrets

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def now_text(self) -> str:
        return stamp(self.clock.now())

    def owner(self) -> Principal:
        """The organization's owner, as whom the world itself acts."""
        return Principal("user", "", self.organization, self.default_project, owner=True)

    def lag_of(self, kind: str) -> float:
        return self.lag_by_kind.get(kind, self.lag)

    def after(self, delay: str, record: Record, effect: Effect, *, times: float = 1.0) -> None:
        """Let `effect` happen to the record when the named delay has passed `times` times."""
        seconds = DELAYS[delay] * times / self.speed
        self.store.schedule(record, self.clock.now() + seconds, effect)

    def settle(self) -> None:
        self.store.settle(self, self.clock.now())
