"""Every address of the portal, with the action its view declares and what its parameters stand for."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from apps.core.actions import action_of
from apps.core.rules import Action

PARAMETER = re.compile(r"<(?:(?P<converter>[a-z_]+):)?(?P<name>[a-z_]+)>")
# What a parameter stands for: an object of its own, or a part of the object named before it in the address.
DOSSIER_OBJECTS = frozenset({"application_id", "project_id", "workspace_id", "extract_id", "file_id", "agreement_id"})
# Kept by an organisation, or by a person alone.
PEOPLE_OBJECTS = frozenset(
    {
        "organisation_id",
        "invitation_id",
        "invitation_secret",
        "mandate_id",
        "holder_id",
        "certificate_id",
        "own_certificate_id",
        "review_id",
        "secret",
    }
)
# Nobody's own: a role alone opens them.
ROLE_OBJECTS = frozenset({"event_id", "recovery_id", "staff_id", "staff_role_id", "report_id"})
COMMITTEE_OBJECTS = frozenset({"session_id", "interest_id"})
OBJECTS = DOSSIER_OBJECTS | PEOPLE_OBJECTS | ROLE_OBJECTS | COMMITTEE_OBJECTS | {"item_id", "passkey_id"}
PARTS = frozenset({"attachment_id", "person_id", "rapporteur_id"})
PLAIN = frozenset({"key", "link", "mark"})


MARKED = "0f0f0f0f0f0f0f0f"
LINK = "a-link-of-the-matrix-as-long-as-those-sent-by-mail"
# Where an identifier is no UUID: one that stands for nothing.
MISSING = {
    **dict.fromkeys(("item_id", "passkey_id", "event_id", "mandate_id", "staff_role_id", "report_id"), "2000000000"),
    **dict.fromkeys(("secret", "invitation_secret"), f"{'missing':-<24}"),
    "key": "summary",
    "link": LINK,
    "mark": MARKED,
}


@dataclass(frozen=True)
class Address:
    """One URL pattern."""

    name: str
    route: str
    action: Action | None
    parameters: tuple[str, ...]

    @property
    def object_kind(self) -> str:
        """The parameter that names the object; blank for a page about nothing in particular."""
        return next((name for name in self.parameters if name in OBJECTS), "")

    @property
    def part(self) -> str:
        """The parameter that names a part of the object, if any."""
        return next((name for name in self.parameters if name in PARTS), "")

    def path(self, ids: dict[str, str]) -> str:
        """The address for these identifiers."""
        return "/" + PARAMETER.sub(lambda match: ids[match["name"]], self.route)


class UnknownParameter(AssertionError):
    """The generator does not know what to put in an address."""


def addresses() -> list[Address]:
    """All of them, in the order of the URL configuration. Raises UnknownParameter."""
    return [_address(*found) for found in _patterns(get_resolver().url_patterns, "", "")]


def _patterns(patterns: list[Any], prefix: str, space: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _patterns(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", route, pattern.callback


def _address(name: str, route: str, view: Any) -> Address:
    parameters = tuple(match["name"] for match in PARAMETER.finditer(route))
    unknown = [found for found in parameters if found not in OBJECTS | PARTS | PLAIN]
    if unknown or re.search(r"[\\^$(]", route):
        raise UnknownParameter(
            f"{name} (/{route}): tell tests/permissions what {', '.join(unknown) or 'this pattern'} stands for"
        )
    return Address(name, route, action_of(view), parameters)


def nowhere(address: Address) -> dict[str, str]:
    """Identifiers of nothing. A plain parameter keeps a value that its converter accepts."""
    return {name: MISSING.get(name, str(uuid.uuid4())) for name in address.parameters}
