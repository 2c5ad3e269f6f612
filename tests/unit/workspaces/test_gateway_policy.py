"""What passes through the gateway and what does not."""

from uuid import UUID

import pytest

from apps.workspaces.gateway.policy import Origins, comes_from, inward, outward, path_is_open, protection, starts_kernel

ID = UUID(int=0xABC)
ORIGINS = Origins("http://ws-{id}.localhost:8001", "http://localhost:8000/")
OWN = ORIGINS.of(ID)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/lab",
        "/lab/tree/bienvenue.ipynb",
        "/lab/api/settings",
        "/static/lab/main.js",
        "/kernelspecs/python3/logo-64x64.png",
        "/api/kernels/1/channels",
        "/api/contents/a%20folder/n.ipynb",
        "/api/contents/%C3%A9t%C3%A9.ipynb",
        "/terminals/websocket/1",
    ],
)
def test_what_people_use_is_open(path: str) -> None:
    assert path_is_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "/files/x",
        "/Files/x",
        "/%66iles/x",
        "/lab%2f..%2ffiles/x",
        "/lab/../files/x",
        "/lab/%2e%2e/files/x",
        "/lab//files",
        "/lab\\..\\files",
        "/labfiles",
        "/api/shutdown",
        "/api/%73hutdown",
        "/API/shutdown",
        "/api/nbconvert/html",
        "/nbconvert/html/x",
        "/lab/api/extensions",
        "/lab/api/build",
        "/terminals",
        "/view/x.html",
        "/metrics",
        "/login",
        "lab",
        "http://elsewhere/lab",
    ],
)
def test_everything_else_is_closed(path: str) -> None:
    assert not path_is_open(path)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (f"ws-{ID.hex}.localhost:8001", ID),
        (f"ws-{ID.hex}.localhost:8002", None),
        (f"ws-{ID.hex}.localhost", None),
        (f"ws-{ID.hex.upper()}.localhost:8001", None),
        (f"ws-{ID.hex}.localhost:8001.evil.example", None),
        (f"evil.ws-{ID.hex}.localhost:8001", None),
        (f"ws-{ID.hex}xlocalhost:8001", None),
        ("localhost:8001", None),
        ("", None),
    ],
)
def test_a_workspace_is_named_by_its_host_exactly(host: str, expected: UUID | None) -> None:
    assert ORIGINS.workspace_of(host) == expected


def test_the_portals_origin_has_no_path() -> None:
    assert ORIGINS.portal_origin == "http://localhost:8000"


@pytest.mark.parametrize(
    ("headers", "method", "is_socket", "expected"),
    [
        ({}, "GET", False, True),
        ({"Origin": OWN}, "GET", False, True),
        ({"Origin": "http://other"}, "GET", False, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, "GET", False, True),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, "GET", False, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "GET", False, True),
        ({"Service-Worker": "script"}, "GET", False, False),
        ({}, "POST", False, False),
        ({"Origin": "null"}, "POST", False, False),
        ({"Origin": OWN}, "DELETE", False, True),
        ({}, "GET", True, False),
        ({"Origin": OWN}, "GET", True, True),
    ],
)
def test_where_a_request_comes_from(headers: dict[str, str], method: str, is_socket: bool, expected: bool) -> None:
    assert comes_from(headers, OWN, method=method, is_socket=is_socket) is expected


def test_only_listed_headers_go_in() -> None:
    given = {
        "Accept": "*/*",
        "Cookie": "x",
        "Authorization": "x",
        "X-Forwarded-For": "x",
        "Referer": "x",
        "Origin": OWN,
    }

    assert inward(given) == {"Accept": "*/*"}


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("/lab", True),
        ("/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("http://evil.example", False),
    ],
)
def test_only_listed_headers_come_out_and_redirects_stay_home(location: str, kept: bool) -> None:
    given = {
        "Content-Type": "text/html",
        "Set-Cookie": "x=y",
        "Content-Security-Policy": "default-src *",
        "Content-Disposition": "attachment",
        "Service-Worker-Allowed": "/",
        "Refresh": "0; url=http://evil.example",
        "Location": location,
    }

    passed = outward(given, path="/api/x")

    assert set(passed) == {"Content-Type", "Cache-Control"} | ({"Location"} if kept else set())
    assert passed["Cache-Control"] == "no-store, private"


def test_scripts_of_the_application_may_be_kept_for_an_hour() -> None:
    assert outward({}, path="/static/lab/main.js") == {"Cache-Control": "private, max-age=3600"}


def test_the_policy_lets_nothing_out() -> None:
    policy = protection(ORIGINS.socket_origin(ID))["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'")
    assert f"connect-src 'self' ws://ws-{ID.hex}.localhost:8001" in policy
    assert "http:" not in policy.replace(f"ws://ws-{ID.hex}", "")
    assert "*" not in policy
    for hole in ("allow-downloads", "allow-popups", "allow-top-navigation", "frame-src"):
        assert hole not in policy


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("POST", "/api/sessions", 201, True),
        ("POST", "/api/kernels", 201, True),
        ("POST", "/api/kernels", 403, False),
        ("GET", "/api/kernels", 201, False),
        ("POST", "/api/kernels/1/interrupt", 201, False),
    ],
)
def test_starts_of_computations_are_recognised(method: str, path: str, status: int, expected: bool) -> None:
    assert starts_kernel(method, path, status) is expected
