"""What may pass through the gateway, in either direction. Pure.

The workspace's application is in the hands of whoever works in it: nothing it answers is trusted, and only listed
headers pass.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

COOKIE = "__Host-hdh-workspace"
ENTRANCE = "/_enter"
HOME = "/lab"
SAFE_METHODS = frozenset({"GET", "HEAD"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}

_OPEN = re.compile(r"/(?:(?:lab|static|kernelspecs|api)(?:/.*)?|terminals/websocket/.+)?")
_CLOSED = re.compile(r"/(?:api/(?:shutdown|nbconvert)|lab/api/(?:extensions|build|plugins))(?:/.*)?", re.IGNORECASE)
_TRICKS = re.compile(r"\.\.|//|\\|%2f|%5c|%2e|%00", re.IGNORECASE)
_ENCODED_START = re.compile(r"/[^/]*%|/[^/]*/[^/]*%")
_LISTS_FILES = re.compile(r"/api/contents(?:/.*)?")
_STARTS_KERNEL = re.compile(r"/api/(?:sessions|kernels)/?")

_REQUEST_HEADERS = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Cache-Control",
    "Content-Type",
    "If-Modified-Since",
    "If-None-Match",
    "Range",
)
_RESPONSE_HEADERS = (
    "Accept-Ranges",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Last-Modified",
    "Vary",
)
_SANDBOX = "allow-scripts allow-same-origin allow-forms allow-modals"


@dataclass(frozen=True)
class Origins:
    """The workspaces' own origins, by the pattern of the settings, and the portal's."""

    pattern: str
    portal: str

    @property
    def portal_origin(self) -> str:
        parts = urlsplit(self.portal)
        return f"{parts.scheme}://{parts.netloc}"

    def workspace_of(self, host: str) -> UUID | None:
        """The workspace that a Host header names, None if it names none."""
        before, after = urlsplit(self.pattern.replace("{id}", "-id-")).netloc.split("-id-")
        found = re.fullmatch(re.escape(before) + "([0-9a-f]{32})" + re.escape(after), host)
        return UUID(hex=found[1]) if found else None

    def of(self, workspace_id: UUID) -> str:
        return self.pattern.format(id=workspace_id.hex)

    def socket_origin(self, workspace_id: UUID) -> str:
        return re.sub("^http", "ws", self.of(workspace_id))


def path_is_open(path: str) -> bool:
    """Whether this path, as sent, leads to a part of JupyterLab that people use: unknown parts are closed.

    Closed on purpose: `/files/` and conversions (downloads), shutdown, extension manager, metrics, login pages.
    """
    if _ENCODED_START.match(path) and not _LISTS_FILES.match(path):
        return False
    return bool(_OPEN.fullmatch(path)) and not _CLOSED.fullmatch(path) and not _TRICKS.search(path)


def starts_kernel(method: str, path: str, status: int) -> bool:
    """Whether this exchange started a computation."""
    return method == "POST" and status == 201 and bool(_STARTS_KERNEL.fullmatch(path))


def comes_from(headers: Mapping[str, str], origin: str, *, method: str, is_socket: bool) -> bool:
    """Whether the browser says that this workspace's own pages sent the request.

    Unsafe methods and sockets must say so; a plain GET may come without an origin, or be a visit from elsewhere."""
    said = headers.get("Origin")
    if is_socket or method not in SAFE_METHODS:
        return said == origin
    if headers.get("Service-Worker") or (said is not None and said != origin):
        return False
    site, mode = headers.get("Sec-Fetch-Site", "none"), headers.get("Sec-Fetch-Mode", "navigate")
    return site in {"same-origin", "none"} or mode == "navigate"


def inward(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that reach the application: no cookie, no credential, no address."""
    return {name: headers[name] for name in _REQUEST_HEADERS if name in headers}


def outward(headers: Mapping[str, str], *, path: str) -> dict[str, str]:
    """Headers that reach the browser: never a cookie, a policy, a download or a redirect elsewhere."""
    kept = {name: headers[name] for name in _RESPONSE_HEADERS if name in headers}
    location = headers.get("Location", "")
    if re.fullmatch(r"/[^/\\].*|/", location):
        kept["Location"] = location
    kept["Cache-Control"] = "private, max-age=3600" if path.startswith("/static/") else "no-store, private"
    return kept


def protection(socket_origin: str) -> dict[str, str]:
    """Headers of every answer: the gateway's own policy, whatever the application asked for.

    Nothing may be fetched from or sent to anywhere but the workspace itself; no download, no pop-up, no frame. What
    JupyterLab needs beyond `self`: eval (its settings are checked by compiled schemas), inline styles, data: and
    blob: images and fonts.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' {socket_origin}",
        "manifest-src": "'self'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "webrtc": "'block'",
        "sandbox": _SANDBOX,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        **COMMON_PROTECTION,
    }


COMMON_PROTECTION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=(), serial=(), display-capture=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "DENY",
}
