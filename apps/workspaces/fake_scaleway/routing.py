"""Which handler answers which request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, changed, find, gone, listed, one

Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One operation. `operation` is its name in the ledger and in fault files, `access` what it asks of policies."""

    method: str
    path: str
    operation: str
    product: str
    access: str
    handler: Handler

    @property
    def pattern(self) -> re.Pattern[str]:
        named = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)
        return re.compile(named)


@dataclass
class Routes:
    """The operations of one product, collected by decorators."""

    product: str
    items: list[Route] = field(default_factory=list)

    def on(self, method: str, path: str, operation: str, access: str = "") -> Callable[[Handler], Handler]:
        needed = access or ("read" if method == "GET" else "write")

        def register(handler: Handler) -> Handler:
            self.items.append(Route(method, path, f"{self.product}.{operation}", self.product, needed, handler))
            return handler

        return register

    def standard(self, kind: Kind, path: str, parameter: str, verbs: str = "LRUD", names: str | None = None) -> None:
        """The plain operations of a kind: L(ist), R(ead), U(pdate), D(elete)."""
        single, many = names or kind.name, kind.many
        item = f"{path}/{{{parameter}}}"
        plain: Mapping[str, tuple[str, str, str, Handler]] = {
            "L": ("GET", path, f"list_{many}", lambda call: listed(call, kind)),
            "R": ("GET", item, f"get_{single}", lambda call: one(call, kind, find(call, kind, call.params[parameter]))),
            "U": ("PATCH", item, f"update_{single}", lambda call: _update(call, kind, call.params[parameter])),
            "D": (
                "DELETE",
                item,
                f"delete_{single}",
                lambda call: gone(call, find(call, kind, call.params[parameter])),
            ),
        }
        for verb in verbs:
            method, place, operation, handler = plain[verb]
            self.on(method, place, operation)(handler)


def _update(call: Call, kind: Kind, record_id: str) -> Reply:
    record = find(call, kind, record_id)
    changed(call, kind, record)
    return one(call, kind, record)


class Router:
    """Finds the route of a request; fixed segments win over parameters."""

    def __init__(self, routes: list[Route]) -> None:
        ordered = sorted(routes, key=lambda route: route.path.count("{"))
        self._by_shape: dict[tuple[str, int], list[tuple[re.Pattern[str], Route]]] = {}
        for route in ordered:
            key = (route.method, route.path.count("/"))
            self._by_shape.setdefault(key, []).append((route.pattern, route))

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for pattern, route in self._by_shape.get((method, path.count("/")), []):
            found = pattern.fullmatch(path)
            if found:
                return route, found.groupdict()
        return None

    @property
    def operations(self) -> list[str]:
        return sorted({route.operation for group in self._by_shape.values() for _, route in group})
