"""The fake's own controls, apart from what it imitates: faults, clock, limits, state and ledger, under /_fake/.

Only the machine itself may use them: the caller's address and the host it asked for must both be loopback, and a page
of another origin cannot press the switches.
"""

import ipaddress
import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from apps.workspaces.fake_scaleway.pages import page
from apps.workspaces.fake_scaleway.products.registry import ROUTER
from apps.workspaces.fake_scaleway.server import WORLD
from apps.workspaces.fake_scaleway.world import World

JSON = Any
LOCAL_NAMES = {"localhost"}
BASE = "/_fake"
STATE_KEYS = ("state", "status")


def _is_loopback(name: str) -> bool:
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def guard(request: web.Request) -> None:
    """403 unless the request comes from this machine, for this machine, and from a page of the fake itself if any."""
    host = urlsplit(f"//{request.host}").hostname or ""
    origin = request.headers.get("Origin")
    same_origin = origin is None or urlsplit(origin).netloc == request.host
    if not (_is_loopback(request.remote or "") and _is_loopback(host) and same_origin):
        raise web.HTTPForbidden(text="the controls of the fake answer to this machine only")


def state_of(world: World) -> dict[str, JSON]:
    """Resources by project and kind with their states, and when the next change is due."""
    projects: dict[str, dict[str, Counter[str]]] = {}
    for kind in world.store.kinds():
        for record in world.store.all(kind):
            if record.organization != world.organization or record.hidden.get("seeded"):
                continue
            word = next((str(record.body[name]) for name in STATE_KEYS if record.body.get(name)), "exists")
            projects.setdefault(record.project or "organization", {}).setdefault(kind, Counter())[word] += 1
    due = world.store.next_due()
    return {
        "now": world.clock.now(),
        "next_change_in": None if due is None else round(due - world.clock.now(), 3),
        "projects": {key: {kind: dict(words) for kind, words in kinds.items()} for key, kinds in projects.items()},
        "quotas": world.limits.quotas,
        "stock": world.limits.stock,
        "requests": world.ledger.count(),
    }


def account_of(world: World) -> dict[str, str]:
    """What a client needs: the owner's key and the identifiers of the organization and its default project."""
    return {
        "organization_id": world.organization,
        "project_id": world.default_project,
        "access_key": world.access_key,
        "secret_key": world.secret_key,
        "hub_project": world.hub.get("project", ""),
        "hub_vpc": world.hub.get("vpc", ""),
        **{name: value for name, value in world.hub.items() if name.startswith("stranger_")},
    }


async def _fields(request: web.Request) -> dict[str, JSON]:
    """The fields of a form or of a JSON object."""
    if request.content_type == "application/json":
        try:
            value = await request.json()
        except ValueError:
            raise web.HTTPBadRequest(text="the body is not valid JSON") from None
        return value if isinstance(value, dict) else {}
    return {key: str(value) for key, value in (await request.post()).items() if value != ""}


def _answer(request: web.Request, value: JSON) -> web.StreamResponse:
    """Forms go back to the page, programs get JSON."""
    if request.content_type == "application/json" or request.method in ("GET", "DELETE"):
        return web.json_response(value)
    raise web.HTTPSeeOther(f"{BASE}/")


async def show_page(request: web.Request) -> web.StreamResponse:
    guard(request)
    world = request.app[WORLD]
    latest = world.ledger.latest(100, request.query.get("operation", ""))
    content = page(state_of(world), world.faults.described(), latest, ROUTER.operations)
    return web.Response(text=content, content_type="text/html")


async def show_state(request: web.Request) -> web.StreamResponse:
    guard(request)
    return web.json_response(state_of(request.app[WORLD]))


async def show_account(request: web.Request) -> web.StreamResponse:
    guard(request)
    return web.json_response(account_of(request.app[WORLD]))


async def show_ledger(request: web.Request) -> web.StreamResponse:
    guard(request)
    limit = min(int(request.query.get("limit", "100")), 5000)
    rows = request.app[WORLD].ledger.latest(limit, request.query.get("operation", ""))
    return web.json_response({"requests": rows})


async def list_faults(request: web.Request) -> web.StreamResponse:
    guard(request)
    return web.json_response({"faults": request.app[WORLD].faults.described()})


async def add_fault(request: web.Request) -> web.StreamResponse:
    guard(request)
    fields = await _fields(request)
    try:
        fault = request.app[WORLD].faults.add(**described_fault(fields))
    except (KeyError, TypeError, ValueError) as problem:
        raise web.HTTPBadRequest(text=str(problem)) from None
    return _answer(request, {"id": fault.id})


def described_fault(fields: dict[str, JSON]) -> dict[str, JSON]:
    """The fields of a fault with their types; `times` 0 or null means always."""
    times = fields.get("times", 1)
    return {
        "operation": str(fields["operation"]),
        "answer": str(fields["answer"]),
        "times": None if times in (None, "", "0", 0) else int(times),
        "skip": int(fields.get("skip") or 0),
        "delay": float(fields.get("delay") or 5),
    }


async def switch_fault(request: web.Request) -> web.StreamResponse:
    """Switch one on or off, or take it away."""
    guard(request)
    faults = request.app[WORLD].faults
    fault = faults.get(int(request.match_info["id"]))
    if fault is None:
        raise web.HTTPNotFound(text="no such fault")
    wanted = (await _fields(request)).get("action")
    if wanted == "remove":
        faults.remove(fault.id)
    else:
        fault.active = wanted != "off"
    return _answer(request, {"id": fault.id, "active": fault.active})


async def clear_faults(request: web.Request) -> web.StreamResponse:
    guard(request)
    request.app[WORLD].faults.clear()
    return _answer(request, {"faults": []})


async def move_clock(request: web.Request) -> web.StreamResponse:
    """Let `advance` seconds pass, or with "next" as much as the next change needs."""
    guard(request)
    world = request.app[WORLD]
    wanted = (await _fields(request)).get("advance", 0)
    due = world.store.next_due()
    seconds = max(0.0, (due or 0.0) - world.clock.now()) if wanted == "next" else float(wanted)
    try:
        world.clock.advance(seconds)
    except ValueError as problem:
        raise web.HTTPBadRequest(text=str(problem)) from None
    world.settle()
    return _answer(request, {"now": world.clock.now()})


async def set_limits(request: web.Request) -> web.StreamResponse:
    """`quotas` by kind, `stock` by commercial type (null: unlimited), `lag` in seconds, `speed` as a factor."""
    guard(request)
    world = request.app[WORLD]
    fields = await _fields(request)
    for mapping, name in ((world.limits.quotas, "quotas"), (world.limits.stock, "stock")):
        given = fields.get(name) or {}
        for key, value in (json.loads(given) if isinstance(given, str) else given).items():
            if value is None:
                mapping.pop(key, None)
            else:
                mapping[key] = int(value)
    world.lag = float(fields.get("lag", world.lag))
    world.speed = float(fields.get("speed", world.speed))
    return _answer(request, state_of(world))


def add_controls(app: web.Application) -> None:
    """Mount the controls before the imitated API takes every other path."""
    app.router.add_get(f"{BASE}/", show_page)
    app.router.add_get(f"{BASE}/api/state", show_state)
    app.router.add_get(f"{BASE}/api/account", show_account)
    app.router.add_get(f"{BASE}/api/ledger", show_ledger)
    app.router.add_get(f"{BASE}/api/faults", list_faults)
    app.router.add_post(f"{BASE}/api/faults", add_fault)
    app.router.add_delete(f"{BASE}/api/faults", clear_faults)
    app.router.add_post(f"{BASE}/api/faults/{{id:\\d+}}", switch_fault)
    app.router.add_post(f"{BASE}/api/clock", move_clock)
    app.router.add_post(f"{BASE}/api/limits", set_limits)
