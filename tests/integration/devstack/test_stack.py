"""The whole portal under its supervisor: what `make run` promises."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.family import marked
from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.programs import QUEUES
from hdh_portal.devstack.stack import DEVSTACK, Stack
from hdh_portal.devstack.zones import MARK
from hdh_portal.settings.startup import ZONES

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(600)]
PATIENCE = 60
ZONE_OF = {"portal": "web", "beat": "beat", "gateway": "gateway", **{queue: queue for queue in QUEUES}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), people=100)
    try:
        with stack:
            yield stack
    finally:
        stack.wipe()


def status(stack: Stack, path: str) -> int:
    try:
        with urllib.request.urlopen(f"{stack.portal_url}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def command(var: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEVSTACK, *words],
        cwd=REPOSITORY,
        env={**os.environ, "HDH_VAR": str(var)},
        capture_output=True,
        text=True,
        check=False,
    )


def people(stack: Stack) -> str:
    question = "from apps.accounts.models import Person; print(sorted(str(p.pk) for p in Person.objects.all()))"
    return stack.manage("shell", "--verbosity=0", "-c", question)


def test_everything_answers_once_started(stack: Stack) -> None:
    assert status(stack, "/healthz") == 200
    assert status(stack, "/readyz") == 200
    assert "Workers answer on default, extract, provision" in stack.manage("worker_health", zone="default")


@pytest.mark.parametrize("name", ZONE_OF)
def test_a_process_knows_its_own_zone_only(stack: Stack, name: str) -> None:
    content = Path(f"/proc/{stack.process_id(name)}/environ").read_text()
    known = {line.partition("=")[0] for line in content.split("\0")}
    every = set().union(*ZONES.values())
    # A stack whose machine names no virus scanner has none.
    absent = set() if os.environ.get("HDH_CLAMD") else {"HDH_CLAMD"}
    assert known & every == ZONES[ZONE_OF[name]] - absent


def test_a_second_run_and_a_reset_are_refused_meanwhile(stack: Stack) -> None:
    for words in (["run", "--port", "0"], ["reset"]):
        refused = command(stack.var, *words)
        assert refused.returncode == 1
        assert f"already running on {stack.var} (process {stack.state.supervisor})" in refused.stdout
    assert status(stack, "/readyz") == 200


def test_a_taken_port_is_refused_with_nothing_half_started(stack: Stack, tmp_path: Path) -> None:
    port = stack.layout.portal_port
    refused = command(tmp_path, "run", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken by another program" in refused.stdout
    assert marked(MARK, str(tmp_path)) == set()
    assert not (tmp_path / "postgres").exists()


def test_the_one_time_code_of_a_demonstration_account_is_printed(stack: Stack) -> None:
    printed = command(stack.var, "code", "morgan.petit@hdh-demo.fr")
    assert printed.stdout.strip().isdigit(), printed.stderr


@pytest.mark.parametrize("name", ["portal", "postgres", "valkey"])
def test_what_is_killed_comes_back(stack: Stack, name: str) -> None:
    stack.restart(name, signal.SIGKILL)
    assert eventually(lambda: status(stack, "/readyz") == 200)


def test_workers_that_are_killed_come_back(stack: Stack) -> None:
    for queue in QUEUES:
        stack.restart(queue, signal.SIGKILL)
    assert "Workers answer" in stack.manage("worker_health", "--wait", str(PATIENCE), zone="default")


def test_one_that_has_just_died_by_itself_is_killed_once_it_is_back(stack: Stack) -> None:
    died, starts = stack.state.processes["beat"]
    os.kill(died, signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{died}").exists())
    stack.restart("beat", signal.SIGKILL)
    assert stack.state.processes["beat"][1] == starts + 2


def test_a_missing_worker_is_told(stack: Stack) -> None:
    stack.kill("extract", signal.SIGSTOP)
    try:
        with pytest.raises(StackError, match="No worker answers for the queue extract"):
            stack.manage("worker_health", zone="default")
    finally:
        stack.kill("extract", signal.SIGCONT)


def test_a_stop_leaves_no_process_and_a_start_finds_the_same_data(stack: Stack) -> None:
    before = people(stack)
    stack.stop()
    assert marked(MARK, str(stack.var)) == set()
    assert stack.state.processes == {}
    output = (stack.var / "supervisor.log").read_text()
    stack.start()
    assert people(stack) == before
    assert "synthetic" not in (stack.var / "supervisor.log").read_text()[len(output) :]
    assert status(stack, "/readyz") == 200


def test_a_supervisor_that_is_killed_leaves_nothing_in_the_way(stack: Stack) -> None:
    before = people(stack)
    os.kill(stack.state.supervisor, signal.SIGKILL)
    stack.start()
    assert status(stack, "/readyz") == 200
    assert people(stack) == before
