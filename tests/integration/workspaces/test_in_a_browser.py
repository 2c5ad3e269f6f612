"""JupyterLab in a real Chromium, behind the gateway's policy: a cell runs, nothing gets out, suspension ends it."""

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from apps.workspaces.models import Workspace
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_suspend
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory
from tests.integration.workspaces.gateway import serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox, pytest.mark.browser]
CHROMIUM = shutil.which("chromium")


@contextmanager
def portal_page(html: str) -> Iterator[str]:
    """One page on a loopback origin of its own, standing for the portal's."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Referrer-Policy", "strict-origin")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_jupyterlab_works_under_the_policy_and_stops_with_the_suspension(standing: tuple[UUID, Path]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    member = PersonFactory.create()
    workspace = made.at_status(Status.RUNNING, pk=standing[0], investigator=member)
    with ThreadPoolExecutor(1) as browser_thread:  # the browser's library runs an event loop of its own
        browser_thread.submit(_visit, standing[1], workspace, member).result(timeout=280)


def _visit(base: Path, workspace: Workspace, member: Any) -> None:
    from playwright.sync_api import sync_playwright

    box: dict[str, str] = {}
    with portal_page(_Lazy(box)) as portal, serving(base / "s", portal=portal) as port, sync_playwright() as play:  # type: ignore[arg-type]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        try:
            page = browser.new_page(locale="fr-FR")
            refused: list[str] = []
            page.on(
                "console", lambda message: refused.append(message.text) if "Content Security" in message.text else None
            )
            box["html"] = _entry_page(workspace, member, port)
            page.goto(portal)
            page.get_by_role("button").click()
            page.wait_for_url("**/lab*")
            _run_a_cell(page)
            _nothing_gets_out(page)
            _suspend(workspace)
            page.wait_for_timeout(1500)
            assert "suspendu" in _after(page)
            print("\n".join(refused[:20]))
        finally:
            browser.close()
    connections.close_all()


class _Lazy:
    """Text that is known only once the gateway has its port."""

    def __init__(self, box: dict[str, str]) -> None:
        self.box = box

    def encode(self) -> bytes:
        return self.box["html"].encode()


def _in_thread(function: Any) -> Any:
    """Django refuses its database in a thread with an event loop, which the browser's library leaves running."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(function())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


def _entry_page(workspace: Workspace, member: Any, port: int) -> str:
    entry = _in_thread(lambda: made.entry(workspace, member))
    action = f"http://ws-{workspace.pk.hex}.localhost:{port}/_enter"
    return (
        f'<!doctype html><form method="post" action="{action}">'
        f'<input name="ticket" type="hidden" value="{entry.ticket}">'
        "<button>Entrer</button></form>"
    )


def _suspend(workspace: Workspace) -> None:
    def suspend() -> None:
        workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)

    _in_thread(suspend)


def _run_a_cell(page: Any) -> None:
    card = page.locator('.jp-LauncherCard[data-category="Notebook"]').first
    with page.expect_websocket(lambda socket: "/channels" in socket.url, timeout=90_000) as opened:
        card.click(timeout=60_000)
    with opened.value.expect_event("framereceived", _is_kernel_info, timeout=60_000):
        pass  # JupyterLab drops what is run before its kernel has answered
    cell = page.locator(".jp-Notebook .jp-Cell .cm-content").first
    cell.click(timeout=30_000)
    page.keyboard.insert_text("print(6 * 7, 'people.csv' in __import__('os').listdir('/data'))")
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output", has_text="42 True").first.wait_for(timeout=60_000)
    assert page.get_by_text("Jupyter news").count() == 0


def _is_kernel_info(frame: str | bytes) -> bool:
    return b"kernel_info_reply" in (frame if isinstance(frame, bytes) else frame.encode())


def _nothing_gets_out(page: Any) -> None:
    """From the page itself: no request elsewhere, no download, no new window."""
    tries = """async () => {
      const outcome = {};
      outcome.fetch = await fetch('http://localhost:1/').then(() => 'sent', error => 'blocked');
      outcome.image = await new Promise(done => { const image = new Image(); image.onload = () => done('sent');
        image.onerror = () => done('blocked'); image.src = 'http://localhost:1/x.png'; });
      outcome.window = window.open('/lab') === null ? 'blocked' : 'opened';
      outcome.files = (await fetch('/files/people.csv')).status;
      return outcome;
    }"""
    assert page.evaluate(tries) == {"fetch": "blocked", "image": "blocked", "window": "blocked", "files": 404}


def _after(page: Any) -> str:
    page.reload()
    return str(page.content())
