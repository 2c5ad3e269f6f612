"""One request as a handler sees it, and one answer as it gives it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apps.workspaces.fake_scaleway.access import Principal

if TYPE_CHECKING:
    from apps.workspaces.fake_scaleway.world import World

JSON = Any


@dataclass(frozen=True)
class Reply:
    """Status, JSON value or raw bytes, extra headers."""

    status: int = 200
    body: JSON = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass
class Call:
    """`params` come from the path, `query` keeps repeated keys, `body` is the decoded JSON object."""

    world: "World"
    operation: str
    product: str
    access: str
    params: dict[str, str]
    query: list[tuple[str, str]]
    body: dict[str, JSON]
    principal: Principal
    raw: bytes = b""

    @property
    def place(self) -> str:
        return self.params.get("zone") or self.params.get("region") or ""

    @property
    def region(self) -> str:
        return region_of(self.place)

    def asked(self, name: str) -> str | None:
        """The last value of a query parameter, None when it is absent or empty."""
        values = self.asked_all(name)
        return values[-1] if values else None

    def asked_all(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name and value != ""]

    def project(self) -> str:
        """The project a new resource goes to: asked for, else the key's default."""
        return self.body.get("project_id") or self.body.get("project") or self.principal.default_project


def region_of(place: str) -> str:
    """`fr-par` for both `fr-par-1` and `fr-par`."""
    return place[:-2] if place[-2:-1] == "-" and place[-1:].isdigit() else place
