"""One cell of the permission matrix, and what distinguishes two answers."""

from dataclasses import dataclass

from apps.core.actions import permission_table
from tests.permissions.addresses import Address, addresses
from tests.permissions.expectation import Expected
from tests.permissions.particulars import LEAD_ON
from tests.permissions.world import Visitor


@dataclass(frozen=True)
class Call:
    """One cell: who calls which address, by which method, about which object."""

    address: Address
    method: str
    visitor: Visitor
    position: str
    ids: dict[str, str]
    expected: Expected

    @property
    def is_denial(self) -> bool:
        """Whether the table says no."""
        return self.expected is not Expected.ALLOWED

    @property
    def is_done_now(self) -> bool:
        """Whether the call itself does what was confirmed."""
        return not self.is_denial and self.address.name not in LEAD_ON

    @property
    def is_sensitive_download(self) -> bool:
        """Whether a file is given that takes the second factor."""
        action = self.address.action
        given = self.expected is Expected.ALLOWED and self.method == "GET"
        return given and action is not None and action.second_factor and action.methods == ("GET",)

    def __str__(self) -> str:
        return f"{self.visitor.name} {self.method} {self.address.name} ({self.position}): {self.expected}"


def unknown_actions() -> list[str]:
    """Lines of the table that no address performs."""
    performed = {address.action.name for address in addresses() if address.action}
    return sorted(set(permission_table()) - performed)
