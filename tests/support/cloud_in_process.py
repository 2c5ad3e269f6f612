"""The imitated cloud in the test's own process: the real SDK, the real boto3, the provider's real transport, and no
socket in between. Time is the fake's; it moves when a test lets it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from multidict import CIMultiDict
from requests.adapters import BaseAdapter
from yarl import URL

from apps.workspaces.fake_scaleway.clock import VirtualClock
from apps.workspaces.fake_scaleway.seeds import seed, seed_hub
from apps.workspaces.fake_scaleway.server import Outcome, Plain, respond
from apps.workspaces.fake_scaleway.world import World
from apps.workspaces.providers.scaleway.account import Account, account_from
from apps.workspaces.providers.scaleway.build import cloud_of
from apps.workspaces.providers.scaleway.provider import ScalewayProvider

BASE = "http://127.0.0.1:9"
CERTIFICATES = Path(__file__).with_name("gateway.pub")
"""A certificate whose key nobody has: for trials in which no gateway comes."""


def new_world() -> World:
    """A seeded account with a hub, whose clock stands still."""
    world = seed(World(clock=VirtualClock(per_request=0.01), seed=11))
    seed_hub(world)
    return world


def account_of(world: World, **more: str) -> Account:
    """The portal's account in this world."""
    hub = world.hub
    values = {
        "access_key": world.access_key,
        "secret_key": world.secret_key,
        "stranger_access_key": hub["stranger_access_key"],
        "stranger_secret_key": hub["stranger_secret_key"],
        "organisation": world.organization,
        "hub_project": hub["project"],
        "hub_vpc": hub["vpc"],
        "api": BASE,
        "storage": BASE,
        "agent": BASE + "/_agent/{server}",
        "gateway_certificates": str(CERTIFICATES),
        "rate": "1000000",
        **more,
    }
    return account_from(values)


class Hooks:
    """What a test may do around each request: `before` and `after` are called with its operation's name."""

    def before(self, method: str, path: str) -> None: ...

    def after(self, method: str, path: str, status: int) -> None: ...


def _ask(world: World, method: str, url: str, headers: Any, body: Any) -> tuple[Outcome, str]:
    content = body.read() if hasattr(body, "read") else body
    content = content.encode() if isinstance(content, str) else content or b""
    parts = urlsplit(url)
    plain = CIMultiDict({str(k): v.decode() if isinstance(v, bytes) else str(v) for k, v in headers.items()})
    plain.setdefault("Host", parts.netloc)
    target = URL(parts.path + (f"?{parts.query}" if parts.query else ""), encoded=True)
    outcome, fault = respond(world, Plain(method, target, plain), content)
    return outcome, fault.answer if fault else ""


class Adapter(BaseAdapter):
    """Answers what `requests` would send."""

    def __init__(self, world: World, hooks: Hooks) -> None:
        super().__init__()
        self.world, self.hooks = world, hooks

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.hooks.before(request.method, urlsplit(request.url).path)
        outcome, fault = _ask(self.world, request.method, request.url, request.headers, request.body)
        self.hooks.after(request.method, urlsplit(request.url).path, outcome.status)
        if fault.startswith("reset"):
            raise requests.ConnectionError("reset")
        if fault == "slow":
            raise requests.ReadTimeout("late")
        response = requests.Response()
        response.status_code, response._content = outcome.status, outcome.body
        response.headers.update(outcome.headers)
        response.request, response.url = request, request.url
        return response

    def close(self) -> None: ...


class _Raw:
    """The body of an answer, as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield self._content

    def read(self, amount: int | None = None, **kwargs: Any) -> bytes:
        content, self._content = self._content, b""
        return content


def _prepare(world: World, hooks: Hooks) -> Any:
    def answer(request: Any, **kwargs: Any) -> AWSResponse:
        hooks.before(request.method, urlsplit(request.url).path)
        outcome, fault = _ask(world, request.method, request.url, request.headers, request.body)
        hooks.after(request.method, urlsplit(request.url).path, outcome.status)
        if fault.startswith("reset"):
            raise ConnectionClosedError(endpoint_url=request.url)
        if fault == "slow":
            raise ReadTimeoutError(endpoint_url=request.url)
        return AWSResponse(request.url, outcome.status, CIMultiDict(outcome.headers), _Raw(outcome.body))

    def prepare(client: BaseClient) -> None:
        client.meta.events.register("before-send.s3.*", answer)

    return prepare


def session_in(world: World, hooks: Hooks) -> requests.Session:
    """Connections that end in this world."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Adapter(world, hooks))
    return session


def provider_in(world: World, hooks: Hooks | None = None, **more: str) -> ScalewayProvider:
    """The real provider on this world."""
    around = hooks or Hooks()

    def now() -> datetime:
        return datetime.fromtimestamp(world.clock.now(), UTC)

    return ScalewayProvider(
        cloud_of(account_of(world, **more), now=now, session=session_in(world, around), prepare=_prepare(world, around))
    )
