"""The commands of the stack answer in sentences and exit codes."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hdh_portal.devstack import __main__ as entry
from hdh_portal.devstack import checks, console, existing, lock, reset, translations
from hdh_portal.devstack.checks import Check
from hdh_portal.devstack.commands import command
from hdh_portal.devstack.environments import Environment
from hdh_portal.devstack.errors import StackError


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HDH_VAR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_stopping_what_does_not_run_is_no_error(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["stop"]) == 0
    assert "The portal is not running." in capsys.readouterr().out


def test_a_code_needs_a_running_portal(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["code", "camille.durand@chu-demo.fr"]) == 1
    assert "start it with `make run`" in capsys.readouterr().out


def test_there_is_nothing_to_wipe_before_the_first_run(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["reset"]) == 0
    assert "There is nothing to wipe." in capsys.readouterr().out


def test_a_reset_wipes_all_data(var: Path) -> None:
    (var / "secrets").mkdir(parents=True)
    (var / "secrets" / "field_key").touch()
    (var / "stack.json").touch()
    assert command(["reset"]) == 0
    assert {entry.name for entry in var.iterdir()} == {"lock"}


def test_a_reset_of_the_checkout_keeps_what_was_installed(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reset, "REPOSITORY", var.parent)
    for name in ("image", "static", "setup", "postgres", "snds"):
        (var / name).mkdir(parents=True)
    assert command(["reset"]) == 0
    assert {entry.name for entry in var.iterdir()} == {"image", "static", "setup", "lock"}


def test_an_interruption_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "check", interrupted)
    monkeypatch.setattr(sys, "argv", ["devstack", "check"])
    assert entry.main() == 130
    assert capsys.readouterr().out == "Interrupted.\n"


def test_checks_say_what_failed_and_how_to_repair_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Check("kindness", (sys.executable, "-c", ""), "be kind")
    bad = Check("order", (sys.executable, "-c", "raise SystemExit('a mess')"), "tidy up")
    monkeypatch.setattr(checks, "CHECKS", (good, bad))
    monkeypatch.setattr(checks, "translation_problems", lambda: ["not translated: Save"])
    assert command(["check"]) == 1
    told = capsys.readouterr().out
    assert "kindness: ok" in told
    assert "order: failed (tidy up)\na mess" in told
    assert "    not translated: Save" in told
    assert told.endswith("Failed: order, translations.\n")


def test_checks_that_all_pass_exit_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", ())
    monkeypatch.setattr(checks, "translation_problems", list)
    assert command(["check"]) == 0


def test_translations_are_not_judged_without_gettext(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="sudo apt-get install gettext"):
        translations.translation_problems()


@pytest.mark.parametrize("upgrade", [True, False])
def test_locks_are_renewed_without_what_the_machine_adds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, upgrade: bool
) -> None:
    program = tmp_path / "tool" / "bin" / "uv"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "$PIP_EXTRA_INDEX_URL $*" >> {tmp_path}/calls\n')
    program.chmod(0o755)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "leak")
    monkeypatch.setattr(lock, "TOOL", Environment(tmp_path / "tool", tmp_path / "requirements.txt"))
    monkeypatch.setattr(Environment, "ensure", lambda self: None)
    assert command(["lock", *(["--upgrade"] if upgrade else [])]) == 0
    calls = (tmp_path / "calls").read_text()
    assert "leak" not in calls
    assert calls.count("--upgrade") == (3 if upgrade else 0)
    assert [line.split()[1] for line in calls.splitlines()] == ["lock", "export", "export", "pip", "pip"]


def test_spark_is_installed_apart_and_its_python_half_is_built_here(monkeypatch: pytest.MonkeyPatch) -> None:
    ensured: list[Environment] = []

    def ensure(self: Environment) -> None:
        ensured.append(self)

    monkeypatch.setattr(Environment, "ensure", ensure)
    assert command(["spark"]) == 0
    (spark,) = ensured
    assert spark.built_here
    assert "pyspark==" in spark.requirements.read_text()


def test_a_failing_lock_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "tool" / "bin" / "uv"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'no solution found' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(lock, "TOOL", Environment(tmp_path / "tool", tmp_path / "requirements.txt"))
    monkeypatch.setattr(Environment, "ensure", lambda self: None)
    with pytest.raises(StackError, match="`uv lock` failed: no solution found"):
        lock.lock(upgrade=False)


def test_an_old_python_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or 3\.12"):
        entry.restart_with_suitable_python()


def test_a_suitable_python_of_the_machine_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class TakenOver(Exception):
        pass

    def execute(path: str, words: list[str]) -> None:
        raise TakenOver(path)

    monkeypatch.setattr(entry.shutil, "which", lambda name: sys.executable)
    monkeypatch.setattr(entry.os, "execv", execute)
    monkeypatch.setattr(entry.sys, "version_info", (3, 9))
    with pytest.raises(TakenOver, match=sys.executable):
        entry.main()


def test_a_terminal_that_went_away_stops_nothing(tmp_path: Path) -> None:
    script = "from hdh_portal.devstack.console import say\nsay('one')\nsay('two')\nopen(__import__('sys').argv[1], 'w')"
    writer = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "end")], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.close()
    assert writer.wait() == 0
    assert (tmp_path / "end").exists()


def test_the_end_of_a_log_is_shown_with_a_failure(tmp_path: Path) -> None:
    failing = "for line in range(40): print(line)\nraise SystemExit(1)"
    with pytest.raises(StackError) as error:
        console.run_quietly([sys.executable, "-c", failing], log=tmp_path / "log" / "x.log", failing="It broke.")
    lines = str(error.value).splitlines()
    assert lines[0] == "It broke."
    assert lines[1].strip() == "28"
    assert lines[-2].strip() == "39"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://hdh@127.0.0.1:9/none", "does not let us in"),
        ("postgresql://hdh@/none?host=/nowhere", "let us in"),
    ],
)
def test_a_database_that_does_not_answer_is_told(url: str, sentence: str) -> None:
    with pytest.raises(StackError, match=sentence):
        existing.require_database(url)


def test_a_broker_that_does_not_answer_is_told() -> None:
    with pytest.raises(StackError, match="The broker of CELERY_BROKER_URL does not answer"):
        existing.require_broker("redis://127.0.0.1:9/0")


def test_services_that_answer_are_accepted(database_url: str) -> None:
    server, probe = (urlsplit(database_url)._replace(path=path).geturl() for path in ("/postgres", "/hdh_probe"))
    existing.ensure_database(server, "hdh_probe")
    existing.ensure_database(server, "hdh_probe")
    existing.require_database(probe)
    existing.require_broker("memory://")
