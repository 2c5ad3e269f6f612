"""Who asks, and where to send them after sign-in: only to pages of the portal that can be visited."""

from typing import cast
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import Person
from apps.core.actions import action_of


def own_path(request: HttpRequest, url: str) -> str:
    """The path and query of one of the portal's own pages; blank for anything else (other sites, commands, sign-in)."""
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # Checked again once the host is off: "//elsewhere" behind our own host would become another site.
    return path if path[:1] == "/" and url_has_allowed_host_and_scheme(path, None) and _is_page(parts.path) else ""


def _is_page(path: str) -> bool:
    try:
        action = action_of(resolve(path).func)
    except Resolver404:
        return False
    return action is not None and "GET" in action.methods and not action.name.startswith("session.")


def next_of(request: HttpRequest) -> str:
    """Where the visitor was going (`next` in the address), blank when unknown or not ours."""
    return own_path(request, request.GET.get("next", ""))


def with_next(step: str, next_path: str, **query: str) -> str:
    """The address of a step of sign-in that remembers where the visitor was going."""
    query = {**query, **({"next": next_path} if next_path else {})}
    address = resolve_url(step)
    return f"{address}?{urlencode(query)}" if query else address


def onward(request: HttpRequest) -> HttpResponse:
    """Send the visitor where they were going, else to their home page."""
    return redirect(next_of(request) or "home")


def page_being_used(request: HttpRequest) -> str:
    """The page the visitor is on: this one, or the one whose form or live fragment made this request."""
    if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
        return own_path(request, request.get_full_path())
    return own_path(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))


def person_of(request: HttpRequest) -> Person:
    """The person signed in; the permission table lets nobody else reach the views that ask."""
    return cast(Person, request.user)
