"""Forms are data: a new one is a file, and a file that is no form is refused with every reason."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from apps.applications import pages, rules
from apps.applications.form_spec import Kind
from apps.applications.pages import FormFileError, loaded

DAY = date(2026, 6, 1)


def text(words: str) -> dict[str, str]:
    return {"fr": words, "en": f"{words} (en)"}


def form(**changed: Any) -> dict[str, Any]:
    """A form as the European templates of 2027 may look."""
    permit = {
        "key": "permit",
        "title": text("Autorisation"),
        "intro": text("…"),
        "fields": [
            {"name": "secondary_use", "kind": "choice", "label": text("Finalité"), "choices": choices("a", "b")},
            {"name": "holders", "kind": "group", "label": text("Détenteurs"), "most": 3, "columns": [column()]},
            {
                "name": "opt_out",
                "kind": "long_text",
                "label": text("Droit d’opposition"),
                "max_length": 500,
                "when": {"page": "permit", "field": "secondary_use", "in": ["a"]},
            },
        ],
    }
    first = {"version": 9, "title": text("EHDS"), "in_force_from": "2027-03-26", "paths": ["ehds_permit"]}
    return {**first, "pages": [permit], **changed}


def choices(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "label": text(value)} for value in values]


def column(**changed: Any) -> dict[str, Any]:
    return {"name": "name", "kind": "text", "label": text("Nom"), "max_length": 80, **changed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(pages.FOLDER / pages.SCHEMA, tmp_path)
    return tmp_path


def put(folder: Path, data: dict[str, Any], name: str = "ehds.json") -> None:
    (folder / name).write_text(json.dumps(data))


def test_a_form_to_come_is_one_more_file(folder: Path) -> None:
    """Given the file alone, the form is read, asked from its day for its path, and judged like any other."""
    put(folder, form())
    spec = loaded(folder)[9]
    assert spec.keys == ("permit",)
    assert spec.page("permit").field("holders").kind is Kind.GROUP
    found = rules.missing({"permit": {"secondary_use": "a", "holders": [{"name": "CNAM"}]}}, spec)
    assert [one.field for one in found] == ["opt_out"]
    with mock.patch.dict(pages.SPECIFICATIONS, {9: spec}):  # type: ignore[arg-type]
        assert pages.version_for("ehds_permit", date(2027, 3, 26)) == 9
        assert pages.version_for("ehds_permit", date(2027, 3, 25)) == pages.CURRENT
        assert pages.version_for("authorisation", date(2027, 4, 1)) == pages.CURRENT


def test_before_any_form_is_in_force_there_is_none() -> None:
    with pytest.raises(KeyError):
        pages.version_for("authorisation", date(2020, 1, 1))


def fields_changed(**changed: Any) -> dict[str, Any]:
    data = form()
    data["pages"][0]["fields"][2].update(changed)
    return data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (form(pages=[]), "pages"),
        (form(colour="blue"), "colour"),
        (form(title={"fr": "EHDS"}), "'en' is a required property"),
        (form(pages=form()["pages"] * 2), "the page permit comes twice"),
        (fields_changed(name="holders"), "permit.holders comes twice"),
        (fields_changed(max_length=0), "max_length"),
        (fields_changed(when={"page": "permit", "field": "secondary_use", "in": ["z"]}), "depends on"),
        (fields_changed(required_when={"page": "nowhere", "field": "x", "in": ["z"]}), "depends on"),
        (fields_changed(translates="nothing"), "translates nothing"),
        (fields_changed(not_before="start", longest_years=2), "is bound to start"),
    ],
)
def test_a_file_that_is_no_form_is_refused_with_the_reason(folder: Path, data: dict[str, Any], reason: str) -> None:
    put(folder, data)
    with pytest.raises(FormFileError, match=reason):
        loaded(folder)


def test_a_group_holds_cells_only(folder: Path) -> None:
    data = form()
    data["pages"][0]["fields"][1]["columns"] = [column(kind="long_text")]
    put(folder, data)
    with pytest.raises(FormFileError, match="which no cell can hold"):
        loaded(folder)


def test_two_files_cannot_be_the_same_version(folder: Path) -> None:
    put(folder, form())
    put(folder, form(), "other.json")
    with pytest.raises(FormFileError, match="version 9"):
        loaded(folder)


def test_the_public_directory_finds_every_field_the_law_asks_for() -> None:
    published = {f"{page.key}.{field.name}" for page, field in pages.specification().published()}
    wanted = """title.title title.acronym purpose.funders purpose.public_interest purpose.objectives purpose.benefits
        population.population variables.scope linkage.sources protection.recipients protection.transfers
        protection.retention_years protection.legal_basis protection.rights_contact period.data_from"""
    assert set(wanted.split()) <= published


def test_where_somebody_may_hesitate_there_is_help_and_an_example() -> None:
    """Names say what they ask; answers to choose from, documents and groups are explained without an example."""
    asked = [
        (f"{page.key}.{field.name}.{part.name}", part)
        for page in pages.specification().pages
        for field in page.fields
        for part in (field, *field.columns)
    ]
    plain = {Kind.TEXT, Kind.LONG_TEXT, Kind.NUMBER, Kind.DATE, Kind.POPULATION, Kind.SCOPE}
    assert [name for name, part in asked if part.kind in plain and not (part.example.fr and part.example.en)] == [
        "team.contributors.name"
    ]
    named = {"purpose.funders.name", "team.contributors.name", "linkage.sources.holder"}
    unexplained = [name for name, part in asked if not (part.help.fr or part.example.fr) and name not in named]
    assert unexplained == []


def test_what_is_published_in_prose_may_be_given_in_english() -> None:
    translated = {field.translates for _page, field in pages.specification().published() if field.translates}
    assert {"title", "summary_fr", "objectives", "public_interest", "benefits"} <= translated
