"""Quotas of the organization and stock of machines: the two ordinary reasons for which a cloud says no."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.workspaces.fake_scaleway import errors

if TYPE_CHECKING:
    from apps.workspaces.fake_scaleway.world import World

# Defaults of a new organization; kinds that are not named here are not limited.
DEFAULT_QUOTAS = {"project": 25, "api_key": 50, "policy": 50, "bucket": 100, "application": 200, "vpc": 100}


@dataclass
class Limits:
    """`quotas` by kind; `stock` by commercial type: how many more can be started (absent: as many as wanted);
    `largest_copy` in bytes: what object storage copies in one request."""

    quotas: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    stock: dict[str, int] = field(default_factory=dict)
    largest_copy: int = 5 * 2**30

    def check(self, world: "World", kind: str) -> None:
        """Raise the API's quota refusal when one more of this kind would be too many."""
        quota = self.quotas.get(kind)
        current = sum(1 for record in world.store.all(kind) if not record.hidden.get("seeded"))
        if quota is not None and current >= quota:
            raise errors.quotas_exceeded(kind, quota, current)

    def take(self, commercial_type: str) -> None:
        """Take one machine off the shelf; raises when none is left."""
        left = self.stock.get(commercial_type)
        if left is None:
            return
        if left <= 0:
            raise errors.out_of_stock(commercial_type)
        self.stock[commercial_type] = left - 1

    def give_back(self, commercial_type: str) -> None:
        if commercial_type in self.stock:
            self.stock[commercial_type] += 1
