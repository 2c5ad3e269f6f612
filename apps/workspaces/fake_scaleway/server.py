"""The process: HTTP in, the right handler, HTTP out, one line in the ledger."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from apps.workspaces.fake_scaleway import agent, errors
from apps.workspaces.fake_scaleway.access import NOBODY, Principal, principal_by_secret
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.faults import BEFORE, Fault
from apps.workspaces.fake_scaleway.ledger import as_text
from apps.workspaces.fake_scaleway.products.registry import ROUTER
from apps.workspaces.fake_scaleway.s3 import service
from apps.workspaces.fake_scaleway.s3.errors import S3Error
from apps.workspaces.fake_scaleway.s3.request import S3Reply
from apps.workspaces.fake_scaleway.world import World

JSON = Any
# First segments of the JSON products' paths: everything else is object storage.
PRODUCTS = {
    "account", "iam", "vpc", "ipam", "vpc-gw", "instance", "marketplace", "block", "key-manager", "secret-manager",
    "file", "domain", "audit-trail", "lb", "rdb",
}  # fmt: skip
LARGEST_BODY = 256 * 2**20
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
WORLD = web.AppKey("world", World)


@dataclass
class Outcome:
    """What goes back, and what the ledger keeps of it."""

    operation: str
    principal: Principal
    status: int
    body: bytes
    headers: dict[str, str]
    asked: JSON = None
    answered: JSON = None


class Incoming(Protocol):
    """What is read of a request: aiohttp's own, or one that never travelled."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def host(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def query(self) -> Mapping[str, str]: ...

    @property
    def query_string(self) -> str: ...

    @property
    def rel_url(self) -> URL: ...


@dataclass(frozen=True)
class Plain:
    """A request made in this very process, without a socket."""

    method: str
    rel_url: URL
    headers: CIMultiDict[str]

    @property
    def path(self) -> str:
        return self.rel_url.path

    @property
    def host(self) -> str:
        return self.headers.get("Host", self.rel_url.host or "")

    @property
    def query(self) -> Mapping[str, str]:
        return self.rel_url.query

    @property
    def query_string(self) -> str:
        return self.rel_url.query_string


def answer(world: World, request: Incoming, body: bytes) -> Outcome:
    """Perform one request against the world; every refusal becomes its answer."""
    if request.path.startswith(agent.PREFIX):
        return _agent(world, request, body)
    is_product = request.path.lstrip("/").partition("/")[0] in PRODUCTS
    signed = request.headers.get("Authorization", "").startswith("AWS4") or "X-Amz-Signature" in request.query
    return _product(world, request, body) if is_product and not signed else _storage(world, request, body)


def _agent(world: World, request: Incoming, body: bytes) -> Outcome:
    operation = agent.operation_name(request.method, request.path)
    try:
        operation, reply = agent.answer(world, request.method, request.path, body)
    except errors.ApiError as refusal:
        reply = Reply(refusal.status, refusal.body)
    headers = {"Content-Type": "application/json"}
    return Outcome(operation, NOBODY, reply.status, _encoded(reply.body), headers, None, reply.body)


def _query(request: Incoming) -> list[tuple[str, str]]:
    return parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)


def operation_name(world: World, request: Incoming, body: bytes) -> str:
    """The name under which faults and the ledger know this request."""
    if request.path.startswith(agent.PREFIX):
        return agent.operation_name(request.method, request.path)
    found = ROUTER.match(request.method, request.path)
    if found:
        return found[0].operation
    try:
        return service.handle(
            world, request.method, request.host, request.rel_url.raw_path, _query(request), request.headers, body
        )[0]
    except S3Error:
        return "s3.refused"


def _product(world: World, request: Incoming, body: bytes) -> Outcome:
    operation, principal, asked = "unknown", NOBODY, None
    try:
        found = ROUTER.match(request.method, request.path)
        principal = principal_by_secret(world, request.headers.get("X-Auth-Token"))
        if found is None:
            raise errors.unknown_route()
        route, params = found
        operation = route.operation
        asked = _decoded(request, body)
        plain = asked if isinstance(asked, dict) else {}
        call = Call(world, operation, route.product, route.access, params, _query(request), plain, principal, body)
        reply = route.handler(call)
    except errors.ApiError as refusal:
        reply = Reply(refusal.status, refusal.body)
    content = reply.body if isinstance(reply.body, bytes) else _encoded(reply.body)
    headers = {**reply.headers, **({"Content-Type": reply.content_type} if content else {})}
    return Outcome(operation, principal, reply.status, content, headers, asked, reply.body)


def _decoded(request: Incoming, body: bytes) -> JSON:
    if not body or "json" not in request.headers.get("Content-Type", "json"):
        return None
    try:
        value = json.loads(body)
    except ValueError:
        raise errors.invalid_arguments(("body", "format", "the body is not valid JSON")) from None
    return value


def _encoded(value: JSON) -> bytes:
    return b"" if value is None else json.dumps(value, ensure_ascii=False).encode()


def _storage(world: World, request: Incoming, body: bytes) -> Outcome:
    operation, principal = "s3.refused", NOBODY
    request_id = f"txg{world.random.getrandbits(64):016x}"
    try:
        operation, principal, perform = service.handle(
            world, request.method, request.host, request.rel_url.raw_path, _query(request), request.headers, body
        )
        reply = perform()
    except S3Error as refusal:
        reply = S3Reply(refusal.status, refusal.xml(request_id).encode(), {"Content-Type": "application/xml"})
    headers = {**reply.headers, "x-amz-request-id": request_id}
    content = reply.body if request.method != "HEAD" else b""
    if request.method == "HEAD" and reply.status < 300:
        headers["Content-Length"] = str(len(reply.body))
    return Outcome(operation, principal, reply.status, content, headers, None, reply.body)


# ---- faults -------------------------------------------------------------------------------------------------------

REFUSALS: dict[str, Callable[[], errors.ApiError]] = {
    "rate_limited": errors.rate_limited,
    "quota": lambda: errors.quotas_exceeded("resource", 1, 1),
    "out_of_stock": lambda: errors.out_of_stock("resource"),
    "denied": lambda: errors.permissions_denied("resource", "write"),
    "not_found": lambda: errors.not_found("resource", ""),
    "unavailable": lambda: errors.ApiError(503, {"message": "service unavailable", "type": "service_unavailable"}),
    "internal_error": lambda: errors.ApiError(500, {"message": "internal error", "type": "internal_error"}),
}


def _refused(operation: str, fault: Fault) -> Outcome:
    if fault.answer == "gateway_html":
        return Outcome(operation, NOBODY, 502, HTML.encode(), {"Content-Type": "text/html"})
    refusal = REFUSALS[fault.answer]()
    return Outcome(
        operation,
        NOBODY,
        refusal.status,
        _encoded(refusal.body),
        {"Content-Type": "application/json"},
        None,
        refusal.body,
    )


def _spoiled(outcome: Outcome, fault: Fault) -> Outcome:
    if fault.answer == "empty":
        outcome.body = b""
    if fault.answer == "truncated":
        outcome.body = outcome.body[: len(outcome.body) // 2]
    return outcome


def respond(world: World, request: Incoming, body: bytes) -> tuple[Outcome, Fault | None]:
    """One request: time passes, what was due happens, a fault may strike, the ledger is written."""
    world.clock.on_request()
    world.settle()
    fault = world.faults.of(operation_name(world, request, body)) if world.faults.items else None
    if fault is not None and fault.answer in BEFORE - {"reset_before"}:
        outcome = _refused(operation_name(world, request, body), fault)
    elif fault is not None and fault.answer == "reset_before":
        outcome = Outcome(operation_name(world, request, body), NOBODY, 0, b"", {})
    else:
        outcome = answer(world, request, body)
        world.settle()
    _note(world, request, outcome, fault)
    return (_spoiled(outcome, fault) if fault is not None else outcome), fault


async def serve(request: web.Request) -> web.StreamResponse:
    """One request over HTTP; a connection may be cut, an answer may come late."""
    outcome, fault = respond(request.app[WORLD], request, await request.read())
    if fault is not None and fault.answer == "slow":
        await asyncio.sleep(fault.delay)
    if fault is not None and fault.answer.startswith("reset"):
        return _cut(request)
    return web.Response(status=outcome.status, body=outcome.body, headers=dict(outcome.headers))


def _note(world: World, request: Incoming, outcome: Outcome, fault: Fault | None) -> None:
    world.ledger.write(
        moment=world.clock.now(),
        method=request.method,
        path=request.path,
        query="" if "X-Amz-Signature" in request.query else request.query_string,
        operation=outcome.operation,
        principal=outcome.principal.id,
        status=outcome.status,
        fault=fault.answer if fault else "",
        request=as_text(outcome.asked),
        answer=as_text(outcome.answered),
    )


def _cut(request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of nothing."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=200)


def application(world: World, extend: Callable[[web.Application], None] | None = None) -> web.Application:
    """The aiohttp application; `extend` adds the control pages before the imitated API takes every other path."""
    app = web.Application(client_max_size=LARGEST_BODY)
    app[WORLD] = world
    if extend is not None:
        extend(app)
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = serve
    app.router.add_route("*", "/{path:.*}", handler)
    return app
