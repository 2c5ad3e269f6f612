"""Asking the processes of the stack whether they are ready."""

from __future__ import annotations

import http.client

ANSWER_SECONDS = 5


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
