"""Every view declares the action it performs; the middleware refuses the others."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

from apps.core.rules import RELATION_ROLES, STAFF_ROLES, Action, Role

View = TypeVar("View", bound=Callable[..., Any])


def declares(name: str) -> Callable[[View], View]:
    """Mark a view as performing the action `name` of the permission table."""

    def mark(view: View) -> View:
        view.action = name  # type: ignore[attr-defined]
        return view

    return mark


def keeps_typed(view: View) -> View:
    """Mark a view whose form holds text that must not be lost when the session ended meanwhile."""
    view.keeps_typed = True  # type: ignore[attr-defined]
    return view


@cache
def permission_table() -> dict[str, Action]:
    """Every action of the portal, from the ACTIONS of each app's rules. Raises ValueError on a name given twice."""
    table: dict[str, Action] = {}
    for action in _declared_actions():
        if action.name in table:
            raise ValueError(f"action declared twice: {action.name}")
        table[action.name] = action
    return table


def _declared_actions() -> Iterator[Action]:
    for app in settings.PORTAL_APPS:
        for module in ("rules", "actions"):
            if find_spec(f"{app}.{module}"):
                yield from getattr(import_module(f"{app}.{module}"), "ACTIONS", ())


def undeclared_urls() -> list[str]:
    """The URL patterns whose view declares no action of the table."""
    return [route for route, view in _views(get_resolver().url_patterns, "") if not action_of(view)]


def _views(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def action_of(view: Any) -> Action | None:
    """The action a view declares, None when it declares none that the table knows."""
    return permission_table().get(getattr(view, "action", ""))


def portal_roles(request: HttpRequest) -> frozenset[Role]:
    """What the visitor is for the portal as a whole, before any object is looked at."""
    person = request.user
    if not person.is_authenticated:
        return frozenset({Role.ANYONE})
    if not person.is_verified():
        return frozenset({Role.ANYONE, Role.SIGNED_IN})
    return frozenset({Role.ANYONE, Role.SIGNED_IN, Role.PERSON}) | person.staff_roles


def may_enter(action: Action, roles: frozenset[Role]) -> bool:
    """Whether the view may run at all. Relations to an object (member…) are looked at by its selector and service."""
    entrants = action.roles | action.readers
    if entrants & roles:
        return True
    return Role.PERSON in roles and bool(entrants & RELATION_ROLES)


def needs_only_sign_in(action: Action, roles: frozenset[Role]) -> bool:
    """Whether a visitor was refused for lack of sign-in alone, so that the way out is the sign-in page."""
    asks_for_a_person = action.roles & (RELATION_ROLES | STAFF_ROLES | {Role.PERSON, Role.SIGNED_IN})
    return Role.PERSON not in roles and bool(asks_for_a_person)
