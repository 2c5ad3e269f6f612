"""What pages hold, in words for people: for read-only pages, for comparisons, for the steward."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.applications import composition, rules
from apps.applications.form_spec import Content, Contents, Field, Kind, PageSpec, Specification, filled_rows
from apps.applications.wording import said
from apps.core import dates
from apps.extracts.engine.catalogue import CATALOGUE, FAMILY_TITLES

Documents = Mapping[str, list[str]]  # kind of document -> names


@dataclass(frozen=True)
class Answer:
    """One field in words; empty when nothing was answered."""

    name: str
    label: str
    text: str


@dataclass(frozen=True)
class PageRead:
    """One page in words."""

    key: str
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Difference:
    """One field that differs between two states of a page."""

    page: str
    label: str
    before: str
    after: str


def pages_read(spec: Specification, contents: Contents, documents: Documents) -> tuple[PageRead, ...]:
    """Every page in words, without the fields that the answers make superfluous."""
    return tuple(page_read(page, contents, documents) for page in spec.pages)


def page_read(page: PageSpec, contents: Contents, documents: Documents) -> PageRead:
    """One page in words."""
    return PageRead(page.key, said(page.title), tuple(_answers(page, contents, documents)))


def _answers(page: PageSpec, contents: Contents, documents: Documents) -> Iterator[Answer]:
    content = contents.get(page.key, {})
    for field in page.fields:
        if field.is_asked(contents):
            text = ", ".join(documents.get(field.name, [])) if field.kind is Kind.DOCUMENT else in_words(field, content)
            yield Answer(field.name, said(field.label), text)


def in_words(field: Field, content: Content) -> str:
    """The value of a field as a person reads it; what cannot be read is given as typed."""
    value = content.get(field.name)
    return _WORDS.get(field.kind, _as_typed)(field, value, content) if value else ""


def _as_typed(field: Field, value: Any, content: Content) -> str:
    return str(value)


def _choice(field: Field, value: Any, content: Content) -> str:
    return next((said(choice.label) for choice in field.choices if choice.value == value), str(value))


def _confirmation(field: Field, value: Any, content: Content) -> str:
    return _("Yes")


def _date(field: Field, value: Any, content: Content) -> str:
    day = rules.as_date(value)
    return dates.in_words(day) if day else str(value)


def _group(field: Field, value: Any, content: Content) -> str:
    return "\n".join(row_in_words(field, row) for _number, row in filled_rows(field, content))


def row_in_words(group: Field, row: Content) -> str:
    """One row of a group as a person reads it: its answers in the order of the columns."""
    answers = (in_words(column, row) for column in group.columns)
    return " — ".join(answer for answer in answers if answer)


def _number(field: Field, value: Any, content: Content) -> str:
    return formats.number_format(int(value), force_grouping=True) if str(value).isdigit() else str(value)


def _population(field: Field, value: Any, content: Content) -> str:
    sentences = composition.population_sentences(value)
    return said(sentences) if sentences else _("Criteria that are not complete yet")


def _scope(field: Field, value: Any, content: Content) -> str:
    return "\n".join(_table_lines(value, content))


def _table_lines(scope: Mapping[str, list[str]], content: Content) -> Iterator[str]:
    identifiers = content.get("identifiers", {})
    for table, columns in scope.items():
        justification = content.get("justifications", {}).get(table, "")
        yield _("%(table)s: %(columns)s. Justification: %(why)s") % {
            "table": table,
            "columns": ", ".join(columns),
            "why": justification or "—",
        }
        if gone := composition.withdrawn({"scope": {table: columns}}).get(table):
            yield _("%(columns)s: withdrawn from the catalogue since") % {"columns": ", ".join(gone)}
        for full in (f"{table}.{column}" for column in columns):
            if full in identifiers:
                yield _("%(column)s, potential identifier. Justification: %(why)s") % {
                    "column": full,
                    "why": identifiers[full],
                }


_WORDS = {
    Kind.CHOICE: _choice,
    Kind.CONFIRMATION: _confirmation,
    Kind.DATE: _date,
    Kind.NUMBER: _number,
    Kind.GROUP: _group,
    Kind.POPULATION: _population,
    Kind.SCOPE: _scope,
}


def differences(page: PageSpec, before: Content, after: Content) -> tuple[Difference, ...]:
    """The fields of a page that differ between two contents, documents left aside."""
    plain = [field for field in page.fields if field.kind is not Kind.DOCUMENT]
    both = ((said(field.label), in_words(field, before), in_words(field, after)) for field in plain)
    return tuple(Difference(said(page.title), label, old, new) for label, old, new in both if old != new)


def definition_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between the definitions of the extract in two submissions, in sentences."""
    return [said(text) for text in composition.definition_differences(before["pages"], after["pages"])]


def changes_between(spec: Specification, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What changed from one submission to the next: fields, then documents, then the number of people of the team."""
    found = [
        difference
        for page in spec.pages
        for difference in differences(page, before["pages"].get(page.key, {}), after["pages"].get(page.key, {}))
    ]
    return (*found, *_documents_changed(spec, before, after), *_team_changed(spec, before, after))


def _documents_changed(
    spec: Specification, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    page = spec.page("attachments")
    for field in page.fields:
        old, new = (_names(submission, field.name) for submission in (before, after))
        if _hashes(before, field.name) != _hashes(after, field.name):
            yield Difference(said(page.title), said(field.label), old, new)


def _hashes(submission: Mapping[str, Any], kind: str) -> list[str]:
    return sorted(document["sha256"] for document in submission["attachments"] if document["kind"] == kind)


def _names(submission: Mapping[str, Any], kind: str) -> str:
    return ", ".join(document["name"] for document in submission["attachments"] if document["kind"] == kind)


def _team_changed(spec: Specification, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = ({member["person"] for member in submission["team"]} for submission in (before, after))
    if old != new:
        title = said(spec.page("team").title)
        words = _("%(kept)d kept, %(gone)d removed, %(come)d added")
        counts = words % {"kept": len(old & new), "gone": len(old - new), "come": len(new - old)}
        yield Difference(title, _("People of the team"), str(len(old)), counts)


@dataclass(frozen=True)
class TableRead:
    """A table of the scope for the steward: its variables, those that are potential identifiers with their reasons, and
    those that the catalogue offers no more.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    justification: str
    identifiers: tuple[tuple[str, str, str], ...]  # column, family in words, justification
    withdrawn: tuple[str, ...] = ()


def scope_read(variables: Content, language: str) -> tuple[TableRead, ...]:
    """The scope table by table."""
    return tuple(
        _table_read(name, columns, variables, language) for name, columns in variables.get("scope", {}).items()
    )


def _table_read(name: str, columns: list[str], variables: Content, language: str) -> TableRead:
    table = CATALOGUE.table(name)
    families = {column.name: column.family for column in table.columns} if table else {}
    reasons = variables.get("identifiers", {})
    flagged = tuple(
        (column, family_title(families[column], language), reasons.get(f"{name}.{column}", ""))
        for column in columns
        if families.get(column)
    )
    justification = variables.get("justifications", {}).get(name, "")
    gone = composition.withdrawn({"scope": {name: columns}}).get(name, ())
    return TableRead(name, table.title(language) if table else name, tuple(columns), justification, flagged, gone)


def family_title(family: Any, language: str) -> str:
    """A family of potential identifiers in words."""
    french, english = FAMILY_TITLES[family]
    return capfirst(french if language == "fr" else english)
