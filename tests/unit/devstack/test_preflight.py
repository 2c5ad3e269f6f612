"""What keeps a stack from starting is said in a sentence, before anything is started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hdh_portal.devstack import preflight
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.preflight import chosen_port, cure_of_kernel, is_running, only_stack, require_sandbox


def test_a_free_port_is_taken_as_wanted() -> None:
    free = chosen_port(0, "PORT")
    assert chosen_port(free, "PORT") == free


def test_a_taken_port_is_refused_with_another_one_to_try() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is taken by another program.*make run PORT={port + 10}"):
            chosen_port(port, "PORT")


@pytest.mark.parametrize("number", [-1, 65_536])
def test_a_number_that_is_no_port_is_refused(number: int) -> None:
    with pytest.raises(StackError, match=f"GATEWAY_PORT={number} is no port number"):
        chosen_port(number, "GATEWAY_PORT")


def test_a_reserved_port_is_refused_to_ordinary_people(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", forbidden)
    with pytest.raises(StackError, match="Port 80 is reserved to root"):
        chosen_port(80, "PORT")


def test_a_data_folder_has_one_stack_at_a_time(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "nowhere")
    with only_stack(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(StackError, match=rf"already running on .* \(process {os.getpid()}\)"), only_stack(tmp_path):
            pass
    assert not is_running(tmp_path)


def run(var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hdh_portal.devstack", "run", "--port", "0"],
        cwd=REPOSITORY,
        env={**os.environ, "HDH_VAR": str(var), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_bubblewrap_nothing_is_started(tmp_path: Path) -> None:
    done = run(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install bubblewrap" in done.stdout
    assert not (tmp_path / "postgres").exists()


def test_a_kernel_without_namespaces_is_told_with_its_cure(tmp_path: Path) -> None:
    refusing = tmp_path / "bin" / "bwrap"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    done = run(tmp_path / "var", PATH=f"{refusing.parent}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "bubblewrap cannot isolate a process on this machine: bwrap: No permissions" in done.stdout
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.parametrize(
    ("setting", "value", "cure"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/other", "1", "start the portal on a machine whose kernel has them"),
    ],
)
def test_the_cure_depends_on_what_the_kernel_says(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, cure: str
) -> None:
    monkeypatch.setattr(preflight, "_kernel_says", lambda name, said: (name, said) == (setting, value))
    assert cure in cure_of_kernel()


def test_a_setting_that_the_kernel_lacks_says_nothing() -> None:
    assert not preflight._kernel_says("kernel/no_such_setting", "0")


@pytest.mark.sandbox
def test_this_machine_has_a_sandbox() -> None:
    require_sandbox()
