"""An account of the previous platform in the test's own process, as far as Azure's Blob REST API is used: listing,
reading with conditions and checksums, both kinds of signature. It remembers every request."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import requests
from requests.adapters import BaseAdapter

from apps.relocation.providers.blobs import BlobSource, Place, place_from, signed
from apps.workspaces.providers.scaleway.secrets import Hidden

ADDRESS = "https://ancienne.blob.core.windows.net"
KEY = base64.b64encode(b"a key of the previous platform").decode()
SAS = "sv=2021-12-02&sp=rl&sig=" + "c2lnbmF0dXJl"
PAGE = 3


class Account(BaseAdapter):
    """Containers of objects. `answers` are given once each before the account answers by itself (status, or "reset");
    `spoil` numbers the answers whose content is damaged on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, dict[str, bytes]] = {"projet-1": {}}
        self.requests: list[tuple[str, str]] = []
        self.answers: list[int | str] = []
        self.spoil = 0

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.requests.append((request.method, request.url))
        if self.answers:
            passing = self.answers.pop(0)
            if passing == "reset":
                raise requests.ConnectionError("reset")
            return _response(request, int(passing), b"", {})
        if not _is_signed(request):
            return _response(request, 403, b"", {"x-ms-error-code": "AuthenticationFailed"})
        container, _, name = unquote(urlsplit(request.url).path).lstrip("/").partition("/")
        if container not in self.containers:
            return _response(request, 404, b"", {"x-ms-error-code": "ContainerNotFound"})
        return self._object(request, container, name) if name else self._list(request, container)

    def _list(self, request: Any, container: str) -> requests.Response:
        query = dict(parse_qsl(urlsplit(request.url).query))
        names = sorted(one for one in self.containers[container] if one.startswith(query.get("prefix", "")))
        first = names.index(query["marker"]) if query.get("marker") else 0
        shown, rest = names[first : first + PAGE], names[first + PAGE :]
        blobs = "".join(_entry(name, self.containers[container][name]) for name in shown)
        folder = "<Blob><Name>dossier</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>"
        body = f"<Blobs>{blobs}{folder}</Blobs><NextMarker>{escape(rest[0]) if rest else ''}</NextMarker>"
        text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults>{body}</EnumerationResults>'
        return _response(request, 200, text.encode(), {})

    def _object(self, request: Any, container: str, name: str) -> requests.Response:
        content = self.containers[container].get(name)
        if content is None:
            return _response(request, 404, b"", {"x-ms-error-code": "BlobNotFound"})
        if request.headers.get("If-Match") != _etag(content):
            return _response(request, 412, b"", {"x-ms-error-code": "ConditionNotMet"})
        first, last = request.headers["x-ms-range"].removeprefix("bytes=").split("-")
        part = content[int(first) : int(last) + 1]
        digest = base64.b64encode(hashlib.md5(part, usedforsecurity=False).digest()).decode()
        if self.spoil:
            self.spoil -= 1
            part = b"!" + part[1:]
        return _response(request, 206, part, {"Content-MD5": digest})

    def close(self) -> None: ...


def source(account: Account, *, sas: bool = False, waited: list[float] | None = None) -> BlobSource:
    """The reader on this account, by key or by shared access signature; `waited` collects its waits."""
    secret = {"HDH_RELOCATION_SAS": "?" + SAS} if sas else {"HDH_RELOCATION_KEY": KEY}
    session = requests.Session()
    session.mount("https://", account)
    waits = waited if waited is not None else []
    return BlobSource(place_from({"HDH_RELOCATION_SOURCE": ADDRESS, **secret}), session=session, wait=waits.append)


def _etag(content: bytes) -> str:
    return f'"0x{hashlib.sha256(content).hexdigest()[:15].upper()}"'


def _entry(name: str, content: bytes) -> str:
    properties = f"<Content-Length>{len(content)}</Content-Length><Etag>{_etag(content).strip(chr(34))}</Etag>"
    return f"<Blob><Name>{escape(name)}</Name><Properties>{properties}</Properties></Blob>"


def _is_signed(request: Any) -> bool:
    query = dict(parse_qsl(urlsplit(request.url).query))
    given = request.headers.get("Authorization")
    if given is None:
        return dict(parse_qsl(SAS)).items() <= query.items()
    place = Place(ADDRESS, "ancienne", Hidden(KEY), Hidden(""))
    return bool(given == f"SharedKey ancienne:{signed(place, urlsplit(request.url).path, query, request.headers)}")


def _response(request: Any, status: int, content: bytes, headers: dict[str, str]) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, content
    response.headers.update(headers)
    response.request, response.url = request, request.url
    return response
