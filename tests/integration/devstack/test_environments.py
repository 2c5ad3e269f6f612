"""Environments hold exactly what is locked, are redone when cut short, and cost nothing when nothing changed."""

import subprocess
import time
from pathlib import Path

import pytest

from hdh_portal.devstack import environments
from hdh_portal.devstack.environments import Environment, require_venv
from hdh_portal.devstack.errors import StackError
from tests.integration.devstack.wheels import make_wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Environment:
    folder = tmp_path_factory.mktemp("environment")
    requirements = folder / "requirements.txt"
    requirements.write_text(make_wheel(wheels, "apple", "1.0") + make_wheel(wheels, "pear", "1.0"))
    return Environment(folder / "venv", requirements)


@pytest.fixture(autouse=True)
def only_our_wheels(wheels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environments, "SETUP_DIR", tmp_path)
    monkeypatch.setattr(environments, "REPOSITORY", Path("/"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


def installed(environment: Environment, name: str) -> str:
    asked = f"import {name}; print({name}.VERSION)"
    done = subprocess.run([environment.python, "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_what_is_locked_is_installed_once(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert not environment.is_current()
    environment.ensure()
    assert installed(environment, "apple") == installed(environment, "pear") == "1.0"
    assert "Installing 2 Python packages" in capsys.readouterr().out
    begun = time.monotonic()
    environment.ensure()
    assert time.monotonic() - begun < 0.1
    assert capsys.readouterr().out == ""


def test_a_new_lock_updates_what_changed_and_removes_what_is_gone(environment: Environment, wheels: Path) -> None:
    environment.requirements.write_text(make_wheel(wheels, "apple", "2.0"))
    kept = environment.path / "kept"
    kept.touch()
    environment.ensure()
    assert installed(environment, "apple") == "2.0"
    assert installed(environment, "pear") == ""
    assert kept.exists()


def test_an_installation_that_was_cut_short_is_made_afresh(environment: Environment) -> None:
    kept = environment.path / "kept"
    (environment.path / "hdh-installing").touch()
    (environment.path / "hdh-installed").unlink()
    environment.ensure()
    assert not kept.exists()
    assert installed(environment, "apple") == "2.0"


def test_an_environment_whose_python_is_gone_is_not_current(environment: Environment) -> None:
    moved = environment.python.with_name("moved")
    environment.python.rename(moved)
    assert not environment.is_current()
    moved.rename(environment.python)
    assert environment.is_current()


def test_a_package_that_is_not_the_locked_one_is_refused(environment: Environment, wheels: Path) -> None:
    line = make_wheel(wheels, "cherry", "1.0")
    environment.requirements.write_text(line.replace("sha256:", "sha256:0", 1)[:-2] + "\n")
    with pytest.raises(StackError, match=r"(?s)pip could not install.*(HASHES|hash)"):
        environment.ensure()
    assert not environment.is_current()


def test_a_python_that_cannot_make_environments_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    monkeypatch.setattr(environments.debian, "install", lambda packages: None)
    with pytest.raises(StackError, match="has no `ensurepip`"):
        require_venv()
