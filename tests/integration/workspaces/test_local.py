"""The local provider's own promises: nothing gets out, in both modes; a check that notices; sandboxes that outlive
workers only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest

from apps.workspaces.providers.base import Limits, ProviderRefused, RunState, WorkspaceSpec
from apps.workspaces.providers.local import LocalProvider, checks, provider, sandbox
from apps.workspaces.providers.local.cgroups import group_create
from apps.workspaces.providers.local.image import Image
from apps.workspaces.providers.local.seccomp import UnknownArchitecture, filter_bytes
from apps.workspaces.providers.local.store import FIRST_UID
from hdh_portal.devstack.places import REPOSITORY
from tests.support.sandbox import TOOLS, deliver, local_in, room_for_sandboxes

pytestmark = pytest.mark.sandbox
SMALL = Limits(memory=2**28, processes=64, processors=1, home=2**26, temporary=2**24)
ANYBODY = 54_321
ALLOW_EVERYTHING = b"\x06\x00\x00\x00\x00\x00\xff\x7f"


@pytest.fixture
def base() -> Iterator[Path]:
    with room_for_sandboxes() as room:
        yield room


def spec_in(base: Path) -> WorkspaceSpec:
    return WorkspaceSpec(uuid4(), base / "d" / str(deliver(base / "d")), SMALL)


def started(local: LocalProvider, spec: WorkspaceSpec) -> None:
    local.provision(spec)
    local.start(spec)
    assert until(local, spec.id, RunState.RUNNING, RunState.BROKEN) is RunState.RUNNING


def until(local: LocalProvider, workspace_id: UUID, *states: RunState) -> RunState:
    deadline = time.monotonic() + 30
    while (state := local.observe(workspace_id).state) not in states:
        assert time.monotonic() < deadline, state
        time.sleep(0.01)
    return state


MODES = ["ordinary", "root"] if os.geteuid() == 0 else ["ordinary"]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_gets_out(mode: str) -> None:
    """The whole check, from a copy that an ordinary user can read, with the system's own Python as the image."""
    answer = checked_as(mode, "")

    assert answer["problems"] == []
    assert answer["attempts"] >= 63
    assert answer["escapes"] == []
    assert answer["user"] == ("own host user" if mode == "root" else "the portal's user, in a user namespace")


WEAKER = [
    ("no_filter", {"call_io_uring_setup", "call_keyctl"}),
    ("host_network", {"canary_loopback_port", "canary_abstract_socket", "net_other_interfaces"}),
    ("host_processes", {"canary_process"}),
]
# As root these walls are double: the host's files belong to another user, the data is read-only outside too.
WEAKER_FOR_ORDINARY = [
    ("writable_data", {"file_write_/data"}),
    ("host_files", {"canary_file", "canary_socket", "canary_file_by_link"}),
]


@pytest.mark.parametrize(
    ("mode", "weaker", "noticed"),
    [(mode, *one) for mode in MODES for one in WEAKER] + [("ordinary", *one) for one in WEAKER_FOR_ORDINARY],
)
def test_the_check_notices_a_weaker_sandbox(mode: str, weaker: str, noticed: set[str]) -> None:
    answer = checked_as(mode, weaker)

    assert noticed <= set(answer["escapes"])
    assert answer["problems"]


def checked_as(mode: str, weaker: str) -> dict[str, Any]:
    """Run tests/support/sandbox_check.py as root or as an ordinary user, in a place both can read."""
    place = Path(tempfile.mkdtemp(prefix="hdh-mode-"))
    user = ANYBODY if mode == "ordinary" and os.geteuid() == 0 else None
    try:
        _copy_for_anybody(place)
        command = ["/usr/bin/python3", str(place / "tests/support/sandbox_check.py"), str(place), weaker]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))
    finally:
        shutil.rmtree(place)


def _copy_for_anybody(place: Path) -> None:
    for package in ("apps/workspaces/providers", "docker/workspace", "tests/support"):
        shutil.copytree(REPOSITORY / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("apps/__init__.py", "apps/workspaces/__init__.py", "apps/workspaces/probe.py"):
        shutil.copy(REPOSITORY / module, place / module)
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", str(place / "image")], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    (place / "work").mkdir()
    (place / "work").chmod(0o777)


def test_the_sandbox_outlives_whoever_asked_for_it(base: Path) -> None:
    spec = spec_in(base)
    local_in(base).provision(spec)

    asker = os.fork()
    if asker == 0:
        local_in(base).start(spec)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(asker, 0)

    assert until(local_in(base), spec.id, RunState.RUNNING, RunState.BROKEN) is RunState.RUNNING


def test_the_sandbox_does_not_outlive_its_supervisor(base: Path) -> None:
    spec, local = spec_in(base), local_in(base)
    started(local, spec)
    room = local.store.room(spec.id)
    supervisor = room.supervisor()
    assert supervisor is not None
    (sandbox_process,) = _children(supervisor)

    os.kill(supervisor, signal.SIGKILL)

    until(local, spec.id, RunState.STOPPED, RunState.BROKEN)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{sandbox_process}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert room.supervisor() is None
    started(local, spec)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_supervisor_knows_no_secret_of_the_worker(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDH_SECRET_KEY", "canary-of-a-secret")
    spec, local = spec_in(base), local_in(base)
    started(local, spec)
    supervisor = local.store.room(spec.id).supervisor()

    assert b"canary" not in Path(f"/proc/{supervisor}/environ").read_bytes()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give each workspace a host user: the ordinary mode has one user"
)
def test_as_root_each_workspace_has_its_own_host_user_and_a_home_of_fixed_size(base: Path) -> None:
    local = local_in(base)
    first, second = spec_in(base), spec_in(base)
    started(local, first)
    started(local, second)

    uids = {local.store.uid_of(one.id) for one in (first, second)}
    assert len(uids) == 2
    assert min(uids) >= FIRST_UID
    for one in (first, second):
        supervisor = local.store.room(one.id).supervisor()
        assert supervisor is not None
        (process,) = _children(supervisor)
        assert Path(f"/proc/{process}").stat().st_uid == local.store.uid_of(one.id)
    assert local.observe(first.id).facts["home"] == "quota"
    local.stop(first.id)


def test_a_uid_taken_by_another_workspace_is_passed_over(base: Path) -> None:
    store = local_in(base).store
    store.prepare()
    one = uuid4()
    uid = store.uid_of(one)
    record = store.workspaces / "uids" / str(uid)
    (store.room(one).path / "uid").unlink()
    record.write_text(uuid4().hex)

    assert store.uid_of(one) == uid + 1
    assert store.uid_of(one) == uid + 1


def test_a_failing_self_test_ends_the_sandbox(base: Path) -> None:
    spec, local = spec_in(base), local_in(base)
    local.provision(spec)
    with mock.patch.object(provider, "filter_bytes", lambda: ALLOW_EVERYTHING):
        local.start(spec)

    until(local, spec.id, RunState.BROKEN)
    seen = local.observe(spec.id)
    assert seen.reason == "isolation self-test failed"
    assert seen.self_test is not None
    assert "call_bpf" in seen.self_test.escapes or seen.self_test.escapes


@pytest.mark.parametrize(
    ("missing", "code"),
    [("bubblewrap", "bubblewrap"), ("image", "image"), ("processor", "processor"), ("namespaces", "sandbox")],
)
def test_a_host_that_cannot_isolate_says_why(base: Path, missing: str, code: str) -> None:
    local = local_in(base)
    with (
        mock.patch.object(checks, "BWRAP", "/nowhere/bwrap") if missing == "bubblewrap" else mock.MagicMock(),
        mock.patch.object(local, "image", Image(base / "none")) if missing == "image" else mock.MagicMock(),
        mock.patch.object(checks, "filter_bytes", side_effect=UnknownArchitecture("z80"))
        if missing == "processor"
        else mock.MagicMock(),
        mock.patch.object(sandbox, "_NAMESPACES", ("user", "nonsense"))
        if missing == "namespaces"
        else mock.MagicMock(),
    ):
        found = local.check()

    assert [one.code for one in found] == [code]
    assert all(one.cause and one.fix for one in found)


@pytest.mark.parametrize("place", ["DATA", "INSIDE"])
def test_an_image_where_the_sandbox_has_something_else_is_refused(base: Path, place: str) -> None:
    local = local_in(base)
    with mock.patch.object(checks, place, local.image.venv.parent):
        (found,) = local.check()

    assert found.code == "place"


def test_a_kernel_switch_that_is_off_is_named(base: Path, tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    switch.write_text("0\n")
    with mock.patch.object(checks, "_SWITCHES", ((str(switch), "0", "sysctl -w something=1"),)):
        found = checks._refused("refused", tmp_path / "log")

    assert (found.code, found.fix) == ("namespaces", "sysctl -w something=1")


def test_the_filter_exists_for_both_processors_and_no_other() -> None:
    assert filter_bytes("x86_64") != filter_bytes("aarch64")
    assert len(filter_bytes("aarch64")) % 8 == 0
    with pytest.raises(UnknownArchitecture):
        filter_bytes("z80")


def test_without_groups_limits_are_those_of_each_process(tmp_path: Path) -> None:
    group = group_create("nobody", SMALL, root=tmp_path)

    assert (group.kind, group.paths) == ("rlimits", ())
    assert "each process alone" in group.facts["limited_as_a_whole"]


def test_groups_of_the_second_version_get_every_limit(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    own = tmp_path / Path("/proc/self/cgroup").read_text().rpartition("::/")[2].strip()
    own.mkdir(parents=True, exist_ok=True)

    group = group_create("one", SMALL, root=tmp_path)

    assert group.kind == "cgroup2"
    (path,) = group.paths
    assert (path / "memory.max").read_text() == str(SMALL.memory)
    assert (path / "pids.max").read_text() == str(SMALL.processes)
    assert (path / "cpu.max").read_text() == "100000 100000"


def test_a_delivery_closed_to_others_is_refused_as_root(base: Path) -> None:
    spec, local = spec_in(base), local_in(base)
    assert spec.data is not None
    (spec.data / "manifest.json").chmod(0o600)
    local.provision(spec)

    with mock.patch.object(LocalProvider, "rooted", True), pytest.raises(ProviderRefused, match="umask"):
        local._refuse_unreadable(spec)


def test_the_launcher_and_the_self_test_are_where_the_provider_looks() -> None:
    assert (TOOLS / "launcher.py").exists()
    assert (TOOLS / "isolation.py").exists()
    assert (TOOLS / "home" / "bienvenue.ipynb").exists()
    assert sys.version_info >= (3, 11)
