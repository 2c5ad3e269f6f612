"""What a workspace's application says of itself: believed as far as it keeps its own workspace running, no further."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apps.workspaces import probe
from apps.workspaces.providers.base import ProviderRefused

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AN_HOUR_AGO = {"last_activity": "2026-03-02T11:00:00.000000Z"}


@contextmanager
def application(folder: Path, says: Mapping[str, Any]) -> Iterator[Path]:
    """Something that listens where JupyterLab would, and answers these questions with these bodies; others with 404."""
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked = connection.recv(4096).decode().split(" ")[1]
                    body = says.get(asked.partition("?")[0].removeprefix("/api/"))
                    text = body if isinstance(body, str) else json.dumps(body)
                    status = "200 OK" if body is not None and "no_track_activity=1" in asked else "404 Not Found"
                    connection.sendall(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{text}".encode())

        threading.Thread(target=serve, daemon=True).start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"status": AN_HOUR_AGO, "kernels": [], "terminals": []}, 3600.0),
        ({"status": AN_HOUR_AGO, "kernels": [{"execution_state": "idle"}], "terminals": []}, 3600.0),
        ({"status": AN_HOUR_AGO, "kernels": [{"execution_state": "busy"}], "terminals": []}, 0.0),
        ({"status": AN_HOUR_AGO, "kernels": [], "terminals": [{"name": "1"}]}, 0.0),
        ({"status": {"last_activity": "2026-03-02T13:00:00Z"}, "kernels": [], "terminals": []}, 0.0),
        ({"status": {"last_activity": "2026-03-02T11:00:00"}, "kernels": [], "terminals": []}, None),
        ({"status": {"last_activity": 7}, "kernels": [], "terminals": []}, None),
        ({"status": AN_HOUR_AGO, "kernels": [7], "terminals": []}, None),
        ({"status": AN_HOUR_AGO, "kernels": []}, None),
        ({"status": "<html>", "kernels": [], "terminals": []}, None),
        ({}, None),
    ],
)
def test_idle_is_what_computes_nothing_by_its_own_word(
    tmp_path: Path, says: Mapping[str, Any], expected: float | None
) -> None:
    with application(tmp_path, says) as path:
        assert probe.idle_seconds(path, NOW) == expected


def test_who_does_not_answer_says_nothing(tmp_path: Path) -> None:
    assert probe.idle_seconds(tmp_path / "nobody", NOW) is None
    assert not probe.answers(tmp_path / "nobody")
    with pytest.raises(ProviderRefused, match="too long a path"):
        probe.answers(tmp_path / ("x" * 120))
