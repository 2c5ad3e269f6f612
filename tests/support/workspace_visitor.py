"""Somebody with a browser at one workspace's origin: enters, asks, runs code in a kernel."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import yarl

PORTAL = "http://localhost:8000"


@dataclass
class WorkspaceVisitor:
    """Somebody with a browser at one workspace's origin."""

    port: int
    workspace_id: UUID
    cookie: str = ""
    last_headers: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"ws-{self.workspace_id.hex}.localhost:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def headers(self, **more: str) -> dict[str, str]:
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        return {"Host": self.host, "Accept": "text/html", **cookie, **{k.replace("_", "-"): v for k, v in more.items()}}

    def enter(self, ticket: str, *, origin: str = PORTAL) -> int:
        """Post a ticket as the portal's page does; keeps the cookie."""
        status, _ = self.ask("POST", "/_enter", data={"ticket": ticket}, Origin=origin)
        self.cookie = self.last_headers.get("Set-Cookie", "").split(";")[0]
        return status

    def ask(self, method: str, path: str, *, data: Any = None, **headers: str) -> tuple[int, bytes]:
        """One request; gives status and body."""
        return asyncio.run(self._ask(method, path, data, headers))

    async def _ask(self, method: str, path: str, data: Any, headers: dict[str, str]) -> tuple[int, bytes]:
        url = yarl.URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(method, url, headers=self.headers(**headers), data=data, allow_redirects=False) as answer,
        ):
            self.last_headers = dict(answer.headers)
            return answer.status, await answer.read()

    def new_kernel(self) -> str:
        status, body = self.ask("POST", "/api/kernels", data=json.dumps({"name": "python3"}), Origin=self.origin)
        assert status == 201, body
        return str(json.loads(body)["id"])

    async def kernel_socket(self, client: aiohttp.ClientSession, kernel: str) -> aiohttp.ClientWebSocketResponse:
        url = f"http://127.0.0.1:{self.port}/api/kernels/{kernel}/channels"
        return await client.ws_connect(url, headers=self.headers(), origin=self.origin, autoping=True)

    async def execute(self, socket: aiohttp.ClientWebSocketResponse, code: str) -> str:
        """Run code in a kernel; gives what it printed."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "version": "5.3",
            "username": "",
            "session": uuid.uuid4().hex,
        }
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await socket.send_json(message)
        said, idle, replied = "", False, False
        while not (idle and replied):
            answer = await socket.receive_json(timeout=30)
            if answer["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            kind = answer["msg_type"]
            said += answer["content"].get("text", "") if kind == "stream" else ""
            said += "\n".join(answer["content"].get("traceback", [])) if kind == "error" else ""
            idle |= kind == "status" and answer["content"]["execution_state"] == "idle"
            replied |= kind == "execute_reply"
        return said
