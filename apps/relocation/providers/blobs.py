"""Reading a store that speaks Azure's Blob REST API. This module can list and read, and nothing else: the only method
it sends is GET, and a test counts what arrives.

Requests are signed with the account's key (SharedKey, version 2) or carry a shared access signature.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree import ElementTree

import requests

from apps.workspaces.providers.scaleway.secrets import Hidden

VERSION = "2021-12-02"
SLICE = 4 * 1024**2
"""Bytes of one read: the most for which the service gives the MD5 of a range (REST reference, Get Blob)."""

TRIES = 6
TIMEOUT = (10, 120)
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_LARGEST_LISTING = 50_000_000


class SourceError(Exception):
    """The previous platform does not give what is asked for. The message holds no key and no signature."""


class SourceChanged(SourceError):
    """The object is no longer the version that was listed: it was changed or removed meanwhile."""


@dataclass(frozen=True)
class Place:
    """An account of the previous platform: its address, and a key or a shared access signature (one of them)."""

    address: str
    account: str
    key: Hidden
    signature: Hidden


@dataclass(frozen=True)
class Blob:
    """An object as the listing has it: name, size in bytes, and the tag of this very version."""

    name: str
    size: int
    etag: str


def place_from(values: Mapping[str, str]) -> Place:
    """The place that HDH_RELOCATION_SOURCE, _ACCOUNT and _KEY or _SAS name. Raises SourceError for what is missing."""
    address = values.get("HDH_RELOCATION_SOURCE", "").rstrip("/")
    key, signature = values.get("HDH_RELOCATION_KEY", ""), values.get("HDH_RELOCATION_SAS", "").lstrip("?")
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise SourceError("HDH_RELOCATION_SOURCE must be the https address of the account's blob service.")
    if bool(key) == bool(signature):
        raise SourceError("Give one of HDH_RELOCATION_KEY and HDH_RELOCATION_SAS.")
    account = values.get("HDH_RELOCATION_ACCOUNT") or (parts.hostname or "").partition(".")[0]
    return Place(address, account, Hidden(key), Hidden(signature))


class BlobSource:
    """Lists and reads the containers of an account; a passing failure is asked again, a few times."""

    def __init__(
        self,
        place: Place,
        *,
        session: requests.Session | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place, self._wait = place, wait
        self._session = session or requests.Session()
        self._session.trust_env = False

    def blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """Every object of a container whose name begins so, in order of names. Raises SourceError."""
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "maxresults": "1000"}
            query |= {name: value for name, value in (("prefix", prefix), ("marker", marker)) if value}
            tree = _tree(self._get(container, query, {}, f"the list of {container}").content)
            yield from (found for element in tree.iter("Blob") if (found := _blob(element)) is not None)
            marker = tree.findtext("NextMarker") or ""
            if not marker:
                return

    def read(self, container: str, blob: Blob, first: int, length: int) -> bytes:
        """A stretch of that very version of an object, each slice against the checksum that the service gives for it.

        Raises SourceChanged when it is no longer that version, SourceError when a checksum is missing or wrong.
        """
        firsts = range(first, first + length, SLICE)
        return b"".join(self._slice(container, blob, at, min(SLICE, first + length - at)) for at in firsts)

    def _slice(self, container: str, blob: Blob, first: int, length: int) -> bytes:
        headers = {
            "x-ms-range": f"bytes={first}-{first + length - 1}",
            "x-ms-range-get-content-md5": "true",
            "If-Match": blob.etag,
        }
        what = f"{container}/{blob.name} from byte {first}"
        for _ in range(TRIES):
            answer = self._get(f"{container}/{quote(blob.name, safe='/~')}", {}, headers, what)
            digest = base64.b64encode(hashlib.md5(answer.content, usedforsecurity=False).digest()).decode()
            if answer.headers.get("Content-MD5") == digest and len(answer.content) == length:
                return answer.content
        raise SourceError(f"{what}: what arrived does not have the checksum of the source.")

    def _get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str], what: str) -> requests.Response:
        why = ""
        for attempt in range(TRIES):
            if attempt:
                self._wait(2.0 ** (attempt - 1))
            try:
                answer = self._send(path, query, headers)
            except requests.RequestException as error:
                why = type(error).__name__
                continue
            if answer.status_code < 300:
                return answer
            why = f"HTTP {answer.status_code} {answer.headers.get('x-ms-error-code', '')}".strip()
            if answer.status_code in {404, 412} and "If-Match" in headers:
                raise SourceChanged(f"{what}: it was changed or removed at the source ({why}).")
            if answer.status_code not in _PASSING:
                break
        raise SourceError(f"{what}: the source does not give it ({why}).")

    def _send(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> requests.Response:
        sent = {"x-ms-version": VERSION, "x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), **headers}
        url = f"{self.place.address}/{path}"
        if self.place.key:
            signature = signed(self.place, urlsplit(url).path, query, sent)
            sent["Authorization"] = f"SharedKey {self.place.account}:{signature}"
            given = dict(query)
        else:
            given = {**query, **dict(parse_qsl(self.place.signature.reveal()))}
        return self._session.get(url, params=given, headers=sent, timeout=TIMEOUT, allow_redirects=False)


def signed(place: Place, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The signature of a GET without a body (REST reference, Authorize with Shared Key), in base64."""
    own = sorted((name.lower(), value) for name, value in headers.items() if name.lower().startswith("x-ms-"))
    lines = ["GET", *[""] * 7, headers.get("If-Match", ""), "", "", ""]
    lines += [f"{name}:{value}" for name, value in own]
    lines.append(f"/{place.account}{path}")
    lines += [f"{name}:{value}" for name, value in sorted(query.items())]
    key = base64.b64decode(place.key.reveal())
    return base64.b64encode(hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()


def _tree(content: bytes) -> Any:
    if len(content) > _LARGEST_LISTING or b"<!" in content:
        raise SourceError("The source answered with something that is no list.")
    try:
        return ElementTree.fromstring(content.decode("utf-8-sig"))  # noqa: S314  declarations are refused above
    except (ElementTree.ParseError, UnicodeDecodeError):
        raise SourceError("The source answered with something that is no list.") from None


def _blob(element: Any) -> Blob | None:
    """The object of an entry; None for what a hierarchical account lists as a folder."""
    properties = element.find("Properties")
    if properties is None or properties.findtext("ResourceType") == "directory":
        return None
    named = element.find("Name")
    name = (named.text or "") if named is not None else ""
    if named is not None and named.get("Encoded") == "true":
        name = unquote(name)
    etag = properties.findtext("Etag") or ""
    quoted = etag if etag.startswith('"') else f'"{etag}"'
    return Blob(name, int(properties.findtext("Content-Length") or 0), quoted)
