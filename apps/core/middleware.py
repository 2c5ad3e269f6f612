"""What every request goes through: an identifier, the permission table, kind errors."""

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render, resolve_url
from django.urls import Resolver404, resolve
from django.utils.cache import add_never_cache_headers

from apps.core.actions import action_of, may_enter, needs_only_sign_in, portal_roles
from apps.core.errors import PortalError
from apps.core.rules import Role

Next = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


def request_context(get_response: Next) -> Next:
    """Give each request an identifier for its log line and error pages; what signed-in people see is not stored."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex[:12]  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        started = time.monotonic()
        response = get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if hasattr(request, "user") and request.user.is_authenticated:
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        match = request.resolver_match
        log.info(
            "request",
            view=match.view_name if match else "",
            method=request.method,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000),
        )
        return response

    return middleware


def storable_queries(get_response: Next) -> Next:
    """Leave NUL out of what an address asks, as no text of the database holds it: a search for it is one without it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        return get_response(request)

    return middleware


def declared_methods_only(get_response: Next) -> Next:
    """Answer a method that no action of the address has, whoever asks, before a session is even looked up."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            action = action_of(resolve(request.path_info).func)
        except Resolver404:
            return get_response(request)
        if action and request.method not in allowed_methods(action.methods):
            return HttpResponseNotAllowed(allowed_methods(action.methods))
        return get_response(request)

    return middleware


class deny_by_default:
    """Let a view run only if it declares an action whose portal-wide roles fit the visitor."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        action = action_of(view)
        if action is None:
            raise Http404
        roles = portal_roles(request)
        if may_enter(action, roles):
            return None
        if needs_only_sign_in(action, roles):
            return typed_shown(request, roles) if _is_typed_page(request, view) else to_sign_in(request, roles)
        raise Http404


def allowed_methods(methods: tuple[str, ...]) -> list[str]:
    """HEAD goes wherever GET goes."""
    return sorted({*methods, *(["HEAD"] if "GET" in methods else [])})


def to_sign_in(request: HttpRequest, roles: frozenset[Role]) -> HttpResponse:
    """Send the visitor to the step of sign-in they lack; a live fragment sends the whole page there."""
    step = "accounts:second_factor" if Role.SIGNED_IN in roles else "accounts:sign_in"
    back = request.get_full_path() if request.method == "GET" else urlsplit(request.headers.get("Referer", "/")).path
    if request.headers.get("HX-Request"):
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path
        address = redirect_to_login(here, resolve_url(step))["Location"] if here else resolve_url(step)
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect_to_login(back, resolve_url(step))


def _is_typed_page(request: HttpRequest, view: Any) -> bool:
    """Whether text comes from our own form after its session ended, sent by a browser without JavaScript."""
    own = f"{request.scheme}://{request.get_host()}"
    is_ours = request.headers.get("Origin") == own and not request.headers.get("HX-Request")
    return request.method == "POST" and is_ours and getattr(view, "keeps_typed", False)


def typed_shown(request: HttpRequest, roles: frozenset[Role]) -> HttpResponse:
    """Give back what was typed, and the way to sign in again."""
    typed = [(name, value) for name in request.POST for value in request.POST.getlist(name) if value.strip()]
    shown = [
        (name, value) for name, value in typed if name not in {"csrfmiddlewaretoken", "version", "tree", "key", "go"}
    ]
    context = {"typed": shown, "sign_in": to_sign_in(request, roles)["Location"]}
    return render(request, "core/signed_out_typed.html", context, status=403)


class kind_errors:
    """Show an expected failure as a page in words, with its status; log the unexpected ones by class alone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, PortalError):
            return render(request, "core/refused.html", {"error": error}, status=error.status)
        if not isinstance(error, Http404):
            log.error("unexpected_error", error=type(error).__name__, where=innermost_frame(error))
        return None


def innermost_frame(error: BaseException) -> str:
    """File and line where an error was raised; its message may hold data and stays out of the log."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
