"""Debian's packages: installed where we may, otherwise named in one command."""

import os
from pathlib import Path

import pytest

from hdh_portal.devstack import debian
from hdh_portal.devstack.debian import Package, ensure_packages, install, missing_packages, privileged_prefix
from hdh_portal.devstack.errors import StackError

HERE = Package("coreutils", "ls", "nothing works")
GONE = Package("moonlight", "no-such-program", "the moon is dark")
FILE = Package("paper", "/no/such/file", "nothing is written")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own, and a set-up folder of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(debian, "SETUP_DIR", tmp_path)
    monkeypatch.setattr(debian, "LOG", tmp_path / "apt.log")
    monkeypatch.setattr(debian, "PACKAGES", (GONE,))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_programs_and_files_show_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "PACKAGES", (HERE, GONE, FILE))
    assert missing_packages() == (GONE, FILE)


def test_who_may_not_install_is_told_what_to_type(programs: Path) -> None:
    program(programs, "sudo", "exit 1")
    with pytest.raises(StackError, match="without moonlight, the moon is dark") as refused:
        install((GONE,))
    assert "sudo apt-get update && sudo apt-get install moonlight" in str(refused.value)


def test_without_sudo_there_is_no_way_to_root(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    assert privileged_prefix() is None


def test_root_needs_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert privileged_prefix() == []


def test_with_passwordless_sudo_packages_are_installed(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(programs, "sudo", 'shift; exec "$@"')
    program(programs, "apt-get", 'echo "$@" >> "$0.calls"')
    ensure_packages()
    calls = (programs / "apt-get.calls").read_text().splitlines()
    assert [call.split()[3:] for call in calls] == [
        ["update"],
        ["install", "-y", "--no-install-recommends", "moonlight"],
    ]
    assert "Installing Debian's moonlight" in capsys.readouterr().out


def test_a_failure_is_told_once_and_not_tried_again_at_every_start(
    programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(programs, "sudo", 'shift; exec "$@"')
    program(programs, "apt-get", "echo no network >&2; exit 100")
    ensure_packages()
    told = capsys.readouterr().out
    assert "apt-get update failed" in told
    assert "no network" in told
    ensure_packages()
    assert capsys.readouterr().out == ""


def test_nothing_is_said_when_nothing_is_missing(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian, "PACKAGES", (HERE,))
    ensure_packages()
    assert capsys.readouterr().out == ""
