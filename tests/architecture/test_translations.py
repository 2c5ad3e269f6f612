"""The interface is complete in French, and set as French is."""

import ast
import json
import re
import shutil
import tomllib
from collections.abc import Iterator

import pytest

from hdh_portal.devstack.messages import parse
from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.translations import translation_problems


def test_every_message_of_the_sources_is_translated_and_none_is_stale() -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed")
    assert translation_problems() == []


# What may be read in French: the catalogue, the data files, and the sentences that sources hold in both languages.
LOOSE_IN_FRENCH = re.compile(
    r"« |\S »|[^\s|] [;?!](?![=\w])|[^\s|] :(?=\s|$)|n° |\d (?:%|[KMG]o\b)|\)[sd] (?:%%|€)"
    r"|(?<![^\W\d])(?:[dlnsjmtc]|qu)'(?=\w)",
    re.IGNORECASE,
)
FRENCH_TEXT = re.compile("[à-ÿ«]")
FOLDERS = ("apps", "hdh_portal")


def test_every_french_sentence_is_set_as_french_is() -> None:
    """No-break blanks before « : ; ? ! % » and within quotation marks; one kind of apostrophe."""
    catalogue = REPOSITORY / "locale/fr/LC_MESSAGES/django.po"
    translated = parse(catalogue.read_text("utf-8"), catalogue.name).items()
    read = [*translated, *_of_data_files(), *_of_sources()]
    assert len(read) > 2500, "the texts are found"
    assert [(place, text) for place, text in read if place and LOOSE_IN_FRENCH.search(text)] == []


def _of_data_files() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for file in sorted((REPOSITORY / folder).rglob("*.toml")):
            yield from _french_of(tomllib.loads(file.read_text("utf-8")), file.name)
        for file in sorted((REPOSITORY / folder).rglob("*.json")):
            yield from _french_of(json.loads(file.read_text("utf-8")), file.name)


def _french_of(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _french_of(inside, f"{place}.{key}")
    elif isinstance(value, list):
        for inside in value:
            yield from _french_of(inside, place)
    elif isinstance(value, str) and (place.endswith((".fr", ".source")) or FRENCH_TEXT.search(value)):
        yield place, value


def _of_sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            for text in _texts(ast.parse(file.read_text("utf-8"))):
                if FRENCH_TEXT.search(text):
                    yield str(file.relative_to(REPOSITORY)), text


def _texts(tree: ast.Module) -> Iterator[str]:
    """Every constant text of a source, what explains it aside."""
    explaining = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node.value
