"""`make setup` does what changed, says so, and is quiet otherwise."""

from pathlib import Path

import pytest

from hdh_portal.devstack import setup as module
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.setup import setup


class FakeEnvironment:
    """An environment that only remembers that it was asked for."""

    requirements = Path("/dev/null")

    def __init__(self, current: bool, failing: bool = False) -> None:
        self.current = current
        self.failing = failing
        self.made = 0

    def is_current(self) -> bool:
        return self.current

    def ensure(self) -> None:
        if self.failing:
            raise StackError("pip could not install requirements/dev.txt.")
        self.made += 1


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set-up of its own: fresh stamps, its own translations and static files, nothing to install."""
    catalogue = tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text('msgid "Save"\nmsgstr "Enregistrer"\n')
    monkeypatch.setattr(module, "SETUP_DIR", tmp_path / "setup")
    monkeypatch.setattr(module, "STATIC_DIR", tmp_path / "static")
    monkeypatch.setattr(module, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(module, "PORTAL", FakeEnvironment(current=True))
    monkeypatch.setattr(module, "WORKSPACES", FakeEnvironment(current=True))
    monkeypatch.setattr(module.debian, "ensure_packages", lambda: None)
    return tmp_path


def test_a_first_set_up_compiles_and_collects_and_a_second_is_silent(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup(talkative=True)
    assert (place / "locale/fr/LC_MESSAGES/django.mo").exists()
    assert (place / "static/dsfr").is_dir()
    assert "Everything is in place" in capsys.readouterr().out
    setup(talkative=False)
    assert capsys.readouterr().out == ""


def test_what_is_missing_is_made_again(place: Path) -> None:
    setup(talkative=False)
    (place / "locale/fr/LC_MESSAGES/django.mo").unlink()
    (place / "static").rename(place / "moved")
    setup(talkative=False)
    assert (place / "locale/fr/LC_MESSAGES/django.mo").exists()
    assert (place / "static").is_dir()


def test_environments_that_are_not_current_are_made(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portal, workspaces = FakeEnvironment(current=False), FakeEnvironment(current=False)
    monkeypatch.setattr(module, "PORTAL", portal)
    monkeypatch.setattr(module, "WORKSPACES", workspaces)
    setup(talkative=False)
    assert (portal.made, workspaces.made) == (1, 1)


def test_a_failure_is_told_and_nothing_after_it_is_done(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTAL", FakeEnvironment(current=False, failing=True))
    with pytest.raises(StackError, match="pip could not install"):
        setup(talkative=False)
    assert not (place / "static").exists()
