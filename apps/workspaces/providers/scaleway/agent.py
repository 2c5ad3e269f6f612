"""The agent inside a workspace's server, reached over the hub's private network: it receives the keys after each start
(never by cloud-init), tests the isolation from inside, reads the delivery, and says what it found.

Its host name is checked against the portal's own authority (`agent_authority`); the keys travel in that TLS session.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from apps.workspaces.providers.base import Exchange
from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.errors import Away, Told, lost, refusal
from apps.workspaces.providers.scaleway.exchange import Listener
from apps.workspaces.providers.scaleway.secrets import DataKey, Key

JSON = Any
_SHA256_BYTES = 32
_PORTS = 65536


@dataclass(frozen=True)
class Server:
    """Which server: its identifier and its address on the private network."""

    id: str
    address: str


@dataclass(frozen=True)
class Report:
    """What the agent found: escapes are names of attempts that succeeded; `sealed`: every volume is encrypted;
    `idle_seconds`: since when no process of the workspace computed and nothing was typed, 0 while one does;
    `gateways`: SHA-256 of the certificates that JupyterLab's front believes of whoever comes."""

    attempts: int
    escapes: tuple[str, ...]
    sealed: bool
    answers: bool
    idle_seconds: int
    gateways: frozenset[str]


@dataclass(frozen=True)
class Application:
    """JupyterLab as the agent started it: its port, and the SHA-256 (hexadecimal) of the certificate made at this
    start, whose key never leaves the server's memory."""

    port: int
    certificate: str


class Agent:
    """`listener` hears every exchange; bodies are never part of what it hears."""

    def __init__(self, account: Account, *, session: requests.Session) -> None:
        self.account, self._session = account, session
        self.listener: Listener = lambda exchange: None

    def hand_over(
        self,
        server: Server,
        *,
        key: Key,
        objects: DataKey,
        volume: DataKey,
        gateways: str,
        next_volume: DataKey | None = None,
    ) -> None:
        """Give the keys: they stay in the server's memory until it stops. `next_volume` may open the volume where
        `volume` does not any more. `gateways`: the certificates (PEM) whose holders JupyterLab's front lets in."""
        keys = {
            "access_key": key.access,
            "secret_key": key.secret.reveal(),
            "objects": objects.text.reveal(),
            "volume": volume.text.reveal(),
            "gateways": gateways,
            **({"next_volume": next_volume.text.reveal()} if next_volume else {}),
        }
        self._ask("POST", server, "keys", keys)

    def renew_volume_key(self, server: Server, *, old: DataKey, new: DataKey) -> None:
        """Have the volume opened by the new key and not by the old one any more; done already, it is done."""
        self._ask("POST", server, "volume-key", {"old": old.text.reveal(), "new": new.text.reveal()})

    def report(self, server: Server) -> Report:
        """Run the isolation self-test and say what it found."""
        value = self._ask("GET", server, "report")
        try:
            return Report(
                int(value["attempts"]),
                tuple(str(one)[:60] for one in value["escapes"]),
                value["sealed"] is True,
                value["answers"] is True,
                max(0, int(value.get("idle_seconds", 0))),
                frozenset(map(str, value.get("gateways", ()))),
            )
        except (KeyError, TypeError, ValueError):
            raise Away(Told("agent report", 200, "unreadable_body")) from None

    def application(self, server: Server) -> Application:
        """How JupyterLab is told from anything else that might answer at its address."""
        value = self._ask("GET", server, "application")
        try:
            found = Application(int(value["port"]), str(value["certificate"]))
            if len(bytes.fromhex(found.certificate)) != _SHA256_BYTES or not 0 < found.port < _PORTS:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise Away(Told("agent application", 200, "unreadable_body")) from None
        return found

    def checksums(self, server: Server, bucket: str) -> Mapping[str, str]:
        """SHA-256 by name of what the server itself reads from the extract's bucket."""
        value = self._ask("GET", server, f"checksums/{bucket}")
        return {str(name): str(digest) for name, digest in value.get("files", {}).items()}

    def _ask(self, method: str, server: Server, what: str, body: JSON = None) -> JSON:
        base = self.account.agent.format(server=server.id, address=server.address)
        operation, begin = f"{method} agent/{what}", time.monotonic()
        changes = method != "GET"
        try:
            answer = self._session.request(
                method,
                f"{base}/v1/{what}",
                data=None if body is None else json.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=(5.0, self.account.patience),
                verify=str(self.account.agent_authority) if self.account.agent_authority else True,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._tell(operation, None, type(error).__name__, begin, changes=changes)
            # Handing keys over twice is harmless: nothing has to be looked up.
            raise lost(operation, type(error).__name__, changes=False) from None
        self._tell(operation, answer.status_code, "", begin, changes=changes)
        if answer.status_code >= 300:
            raise refusal(operation, answer.status_code, b"", changes=False)
        try:
            return json.loads(answer.content) if answer.content else {}
        except ValueError:
            raise lost(operation, "unreadable_body", changes=False) from None

    def _tell(self, operation: str, status: int | None, code: str, begin: float, *, changes: bool) -> None:
        method, _, path = operation.partition(" ")
        milliseconds = round((time.monotonic() - begin) * 1000)
        self.listener(Exchange("agent", method, f"/{path}", status, code, "", milliseconds, changes))
