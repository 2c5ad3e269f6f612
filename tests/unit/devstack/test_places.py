"""Folders that services reach, and addresses that fit into the kernel's limit."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hdh_portal.devstack import places
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import (
    Account,
    make_directory,
    reachable,
    same_file,
    service_account,
    service_home,
    socket_home,
    var_directory,
)

STRANGER = Account("stranger", uid=54_321, gid=54_321)


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short address, whatever pytest's own are like."""
    folder = Path("/tmp") / f"hdh-{os.getpid()}"  # noqa: S108  an address must be short
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    yield folder
    for entry in sorted(folder.rglob("*"), reverse=True):
        entry.rmdir()
    folder.rmdir()


def test_sockets_lie_in_the_data_folder_where_their_addresses_fit(short: Path) -> None:
    assert socket_home(short, None) == short / "run"


def test_sockets_move_to_a_short_folder_where_addresses_would_not_fit(tmp_path: Path, short: Path) -> None:
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    home = socket_home(deep, None)
    assert deep not in home.parents
    assert len(str(home)) < len(str(deep))
    assert socket_home(deep, None) == home


def test_a_folder_under_a_closed_home_is_out_of_reach_of_another_account(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    inside = closed / "var"
    inside.mkdir(parents=True)
    closed.chmod(0o700)
    assert not reachable(inside, STRANGER)
    assert reachable(inside, None)


@pytest.mark.parametrize(
    ("account", "mode", "expected"),
    [
        (Account("owner", os.geteuid(), 1), 0o700, True),
        (Account("owner", os.geteuid(), 1), 0o077, False),
        (Account("group", 54_321, os.getegid()), 0o010, True),
        (Account("group", 54_321, os.getegid()), 0o701, False),
        (STRANGER, 0o701, True),
        (STRANGER, 0o770, False),
    ],
)
def test_entering_a_folder_follows_its_mode(tmp_path: Path, account: Account, mode: int, expected: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    assert places._may_enter(folder, account) is expected


def test_services_keep_their_data_in_the_data_folder_when_we_are_ordinary(tmp_path: Path) -> None:
    assert service_home(tmp_path, None) == tmp_path


def test_an_ordinary_person_needs_no_other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert service_account() is None


def test_root_finds_an_ordinary_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = service_account()
    assert account is not None
    assert account.uid != 0


def test_root_without_any_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(places.pwd, "getpwnam", unknown)
    with pytest.raises(StackError, match="no account `postgres` or `nobody`"):
        service_account()


def test_a_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    trap = tmp_path / "trap"
    trap.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackError, match="belongs to somebody else"):
        make_directory(trap, mode=0o700)


def test_a_copy_is_current_until_its_original_changes(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_text("one")
    assert not same_file(copy, original)
    copy.write_text("one")
    os.utime(copy, ns=(0, original.stat().st_mtime_ns))
    assert same_file(copy, original)
    original.write_text("three")
    assert not same_file(copy, original)


def test_the_data_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDH_VAR", str(tmp_path))
    assert var_directory() == tmp_path
    monkeypatch.delenv("HDH_VAR")
    assert var_directory() == places.REPOSITORY / "var"
