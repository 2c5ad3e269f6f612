"""Whether the interface is complete in French: every message of the sources translated, none of them stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.messages import untranslated
from hdh_portal.devstack.places import PYTHON, REPOSITORY

SOURCES = ("apps", "hdh_portal", "templates", "manage.py")
CATALOGUE = Path("locale/fr/LC_MESSAGES/django.po")


def translation_problems() -> list[str]:
    """A sentence for each message of the sources that the French catalogue lacks or no longer needs."""
    if shutil.which("xgettext") is None:
        raise StackError("The translations cannot be compared without gettext: sudo apt-get install gettext")
    with tempfile.TemporaryDirectory(prefix="hdh-messages-") as folder:
        copy = Path(folder)
        for name in SOURCES:
            (copy / name).symlink_to(REPOSITORY / name)
        (copy / CATALOGUE).parent.mkdir(parents=True)
        if (REPOSITORY / CATALOGUE).exists():
            shutil.copy(REPOSITORY / CATALOGUE, copy / CATALOGUE)
        _make_messages(copy)
        text = (copy / CATALOGUE).read_text(encoding="utf-8")
    missing = [f"not translated: {message}" for message in untranslated(text, str(CATALOGUE))]
    stale = [f"no longer used: {line}" for line in text.splitlines() if line.startswith("#~ msgid ")]
    return missing + stale


def _make_messages(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603  our own command
        [str(PYTHON), "manage.py", "makemessages", "-l", "fr", "--symlinks", "--no-location", "--no-wrap"],
        cwd=folder,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "hdh_portal.settings.test", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"The messages of the sources could not be read: {done.stderr.strip()}")
