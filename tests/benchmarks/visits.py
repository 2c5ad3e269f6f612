"""Which pages there are to visit: every address that answers GET, for every visitor, with every dossier that fits.

Taken from the URL configuration and the permission table: whatever page is added is visited by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.permissions.addresses import DOSSIER_OBJECTS, Address, addresses
from tests.permissions.expectation import Expected
from tests.permissions.matrix import Matrix
from tests.permissions.particulars import QUERIES
from tests.permissions.standing import is_about_dossiers, states_of
from tests.permissions.world import VISITORS, Dossier, Visitor

# They see no page, or the same ones as another visitor.
VISITORS_LEFT_OUT = frozenset({"one_factor", "timed_out", "deactivated", "former_steward"})


@dataclass(frozen=True)
class Visit:
    """One page to be asked for by somebody; `state`: the dossier that it is about, blank when about none."""

    page: str
    visitor: Visitor
    state: str
    path: str


class Tour(Matrix):
    """The calls of the permission matrix, about each dossier of the teams that a visitor meets."""

    def object_at(self, address: Address, visitor: Visitor, position: str) -> Dossier | None:
        """The dossier whose key in the world is the position, where the address exists for one like it."""
        team, _, state = position.partition("/")
        found = self.world.dossiers.get((team, state))
        if found is None or not set(address.parameters) <= set(found.ids):
            return None
        return found if is_about_dossiers(address) or found.state in states_of(address) else None

    def visits(self) -> Iterator[Visit]:
        """All of them, in the order of the URL configuration."""
        for address in addresses():
            if address.action and "GET" in address.action.methods:
                for visitor in self.world.visitors.values():
                    if visitor.name not in VISITORS_LEFT_OUT:
                        yield from self._visits(address, visitor)

    def _visits(self, address: Address, visitor: Visitor) -> Iterator[Visit]:
        about_dossiers = address.object_kind in DOSSIER_OBJECTS
        positions = self._dossiers_met(visitor) if about_dossiers else ("own", "foreign", "")
        for position in positions:
            if not about_dossiers and position not in self.positions(address):
                continue
            call = self.call(address, "GET", visitor, position)
            if call and call.expected is Expected.ALLOWED:
                path = address.path(call.ids) + QUERIES.get(address.name, "")
                yield Visit(address.name, visitor, position if about_dossiers else "", path)
                if not about_dossiers:
                    return

    def _dossiers_met(self, visitor: Visitor) -> list[str]:
        """Those of the visitor's own team, and for whoever sees others those of a foreign one."""
        places = VISITORS[visitor.name][2]
        teams = [places["own"], places["foreign"]]
        return [f"{team}/{state}" for team, state in self.world.dossiers if team in teams]
