"""The official SDK with what it lacks: time limits, one pool of connections, typed errors, a budget of requests, a
region it cannot leave, and a record of every exchange that holds no secret."""

import json
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from scaleway_core.api import API
from scaleway_core.client import Client

from apps.workspaces.providers.base import Exchange, ProviderRefused
from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.errors import Told, lost, over_budget, refusal
from apps.workspaces.providers.scaleway.exchange import Guard, Listener, shown
from apps.workspaces.providers.scaleway.place import REGION, is_allowed, place_of
from apps.workspaces.providers.scaleway.secrets import Key
from apps.workspaces.providers.scaleway.throttle import TokenBucket

Product = TypeVar("Product", bound=API)
JSON = Any
_CONNECT_WITHIN = 5.0
_READING = frozenset({"GET", "HEAD"})
# Operations that answer 204, or a plain text: no JSON is expected of them.
_POOL = 8


def new_session() -> requests.Session:
    """One pool of connections. No retry of its own, no proxy or .netrc of the machine's: asked once is asked once."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL, max_retries=0))
    session.mount("http://", HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL, max_retries=0))
    return session


class Transport:
    """Speaks to the API as one key. `listener` hears every exchange."""

    def __init__(self, account: Account, *, session: requests.Session, budget: TokenBucket) -> None:
        self.account, self._session, self.budget = account, session, budget
        self.listener: Listener = lambda exchange: None
        self.guard: Guard = lambda: None

    def product(self, kind: type[Product], key: Key | None = None) -> Product:
        """An API of the SDK whose requests go through here, as the portal or with a workspace's own key."""
        used = key or self.account.key
        client = Client(
            access_key=used.access,
            secret_key=used.secret.reveal(),
            api_url=self.account.api,
            default_organization_id=self.account.organisation,
            default_region=REGION,
            default_zone=self.account.zone,
        )
        # The key of a client that prints itself would be seen in a traceback: it is given to `request` instead.
        client.secret_key = "00000000-0000-0000-0000-000000000000"  # noqa: S105  a form without content
        api = kind(client, bypass_validation=True)

        def through(
            method: str, path: str, params: Mapping[str, JSON] = {}, headers: Mapping[str, str] = {}, body: JSON = None
        ) -> requests.Response:
            return self.request(method, path, params, headers, body, key=used)

        api._request = through  # type: ignore[method-assign]
        return api

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, JSON] | None = None,
        headers: Mapping[str, str] | None = None,
        body: JSON = None,
        *,
        key: Key | None = None,
    ) -> requests.Response:
        """One request, asked once. Raises the types of `errors`; what comes back is a success that can be read."""
        method = method.upper()
        changes = method not in _READING
        operation = f"{method} {path}"
        self._stay_in_region(path, changes=changes)
        self._pay(operation)
        if changes:
            self.guard()
        begin = time.monotonic()
        try:
            answer = self._send(method, path, params or {}, headers or {}, body, key or self.account.key)
            _check(answer, operation, changes=changes)
        except Exception as error:
            self._tell(operation, getattr(error, "args", (None,))[0], begin, changes=changes)
            raise
        self._tell(operation, answer, begin, changes=changes)
        return _counted(answer)

    def _stay_in_region(self, path: str, *, changes: bool) -> None:
        """Reading elsewhere is how strays are found; changing anything elsewhere is refused before it is sent."""
        place = place_of(path)
        if changes and place and not is_allowed(place):
            raise ProviderRefused(f"{place} is not in {REGION}: nothing was sent.")

    def _pay(self, operation: str) -> None:
        wait = self.budget.take()
        if wait:
            raise over_budget(operation, wait)

    def _send(
        self, method: str, path: str, params: Mapping[str, JSON], headers: Mapping[str, str], body: JSON, key: Key
    ) -> requests.Response:
        sent = {"accept": "application/json", "user-agent": "hdh-portal", **headers}
        content = body if isinstance(body, bytes | None) else json.dumps(body)
        if method in {"POST", "PUT", "PATCH"}:
            sent.setdefault("Content-Type", "application/json; charset=utf-8")
            content = b"{}" if content is None else content
        sent["x-auth-token"] = key.secret.reveal()
        try:
            return self._session.request(
                method,
                f"{self.account.api}{path}",
                params=[(name, _written(value)) for name, value in params.items() if value is not None],
                headers=sent,
                data=content,
                timeout=(_CONNECT_WITHIN, self.account.patience),
                allow_redirects=False,
            )
        except requests.Timeout:
            raise lost(f"{method} {path}", "timeout", changes=method not in _READING) from None
        except requests.RequestException as error:
            raise lost(f"{method} {path}", type(error).__name__, changes=method not in _READING) from None

    def _tell(self, operation: str, what: Any, begin: float, *, changes: bool) -> None:
        method, _, path = operation.partition(" ")
        is_answer = isinstance(what, requests.Response)
        told = what if isinstance(what, Told) else None
        self.listener(
            Exchange(
                product=path.strip("/").partition("/")[0],
                method=method,
                path=path,
                status=what.status_code if is_answer else told.status if told else None,
                code="" if is_answer else told.code if told else "error",
                answer=shown(what.content) if is_answer else json.dumps(told.fields) if told and told.fields else "",
                milliseconds=round((time.monotonic() - begin) * 1000),
                changes=changes,
            )
        )


def _written(value: JSON) -> JSON:
    """A query value as the API writes it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else value


def _check(answer: requests.Response, operation: str, *, changes: bool) -> None:
    """Raise unless the answer is a success whose body is what it says: JSON in one piece, or nothing with 204."""
    if answer.status_code >= 300:
        raise refusal(operation, answer.status_code, answer.content, changes=changes)
    if answer.status_code == 204 or answer.headers.get("Content-Type", "").startswith("text/plain"):
        return
    try:
        readable = isinstance(json.loads(answer.content), dict)
    except ValueError:
        readable = False
    if not readable:
        raise lost(operation, "unreadable_body", changes=changes)


def _counted(answer: requests.Response) -> requests.Response:
    """The Instance API counts its lists in a header; the SDK's pages expect the count in the body."""
    total = answer.headers.get("x-total-count")
    if total:
        answer._content = json.dumps({**json.loads(answer.content), "total_count": int(total)}).encode()
    return answer
