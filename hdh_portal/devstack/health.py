"""Asking the processes of the stack whether they are ready."""

from __future__ import annotations

import http.client

ANSWER_SECONDS = 5


def content_of(port: int, path: str) -> str:
    """What a local HTTP server answers. Raises OSError when it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def answers_ok(port: int, path: str) -> bool:
    """Whether a local HTTP server answers this path with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
