"""The interface is complete in French, and set as French is."""

import re
import shutil

import pytest

from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.translations import translation_problems


def test_every_message_of_the_sources_is_translated_and_none_is_stale() -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed")
    assert translation_problems() == []


TEXTS = (".py", ".html", ".txt", ".json", ".toml", ".po", ".js")
LOOSE_QUOTES = re.compile("« | »")


def test_what_stands_between_french_quotation_marks_never_parts_from_them() -> None:
    files = (
        file for folder in ("apps", "hdh_portal", "locale", "templates") for file in (REPOSITORY / folder).rglob("*.*")
    )
    loose = [
        f"{file.relative_to(REPOSITORY)}: {line.strip()}"
        for file in files
        if file.suffix in TEXTS
        for line in file.read_text(encoding="utf-8").splitlines()
        if LOOSE_QUOTES.search(line)
    ]
    assert loose == []
