"""Pages bring nothing from outside and hold nothing that the content security policy would refuse."""

import re

import pytest

from tests.architecture.sources import REPOSITORY, shown

TEMPLATES = sorted(REPOSITORY.glob("templates/**/*.html"))
FORBIDDEN = {
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style[\s>]", re.IGNORECASE),
    "a script with a body": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "a resource from another origin": re.compile(
        r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE
    ),
    "a table that scrolls out of the keyboard's reach": re.compile(r'class="fr-table__container"(?! tabindex="0")'),
    "an htmx expression": re.compile(r"\shx-on[:=]|hx-vals\s*=\s*[\"']js:", re.IGNORECASE),
}


def test_there_are_pages_to_check() -> None:
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_page_holds(what: str) -> None:
    assert [shown(page) for page in TEMPLATES if FORBIDDEN[what].search(page.read_text())] == []
