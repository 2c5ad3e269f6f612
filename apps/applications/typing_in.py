"""From what a browser sends to what a page holds: only the fields of the page, as typed. Pure."""

from collections.abc import Mapping
from typing import Any

from apps.applications.composition import column_offered
from apps.applications.form_spec import Content, Field, Kind, PageSpec, cell_name

Form = Mapping[str, list[str]]
TYPED_KINDS = frozenset({Kind.TEXT, Kind.LONG_TEXT, Kind.NUMBER, Kind.CHOICE, Kind.CONFIRMATION, Kind.DATE})
ROWS = "-rows"  # how many rows of a group the page showed
REMOVE = "remove:"  # the button that takes a row away, as "remove:funders:1"
ADD = "add:"


def fields_typed(page: PageSpec, form: Form, present: Content) -> dict[str, Any]:
    """The page's content after its plain fields were typed; a field that was not on the page keeps its value.

    An unchecked box is sent by no browser: absent means no.
    """
    content = dict(present)
    for field in page.fields:
        if field.kind is Kind.CONFIRMATION:
            content[field.name] = "yes" if field.name in form else ""
        elif field.kind in TYPED_KINDS and field.name in form:
            content[field.name] = clean(form[field.name][0])
        elif field.kind is Kind.GROUP and f"{field.name}{ROWS}" in form:
            content[field.name] = _rows_typed(field, form)
    return content


def _rows_typed(group: Field, form: Form) -> list[dict[str, str]]:
    """The rows as typed, without the blank last ones and the one whose button was pressed to take it away."""
    shown = form[f"{group.name}{ROWS}"][0]
    # One more than a group may hold, so that a row too many is told rather than lost.
    count = min(int(shown), group.most + 1) if shown.isascii() and shown.isdigit() and len(shown) < 5 else 0
    removed = form.get("op", [""])[0]
    rows = [_row_typed(group, row, form) for row in range(count) if removed != f"{REMOVE}{group.name}:{row}"]
    while rows and not any(rows[-1].values()):
        rows.pop()
    return rows


def _row_typed(group: Field, row: int, form: Form) -> dict[str, str]:
    return {column.name: clean(form.get(cell_name(group, row, column), [""])[0]) for column in group.columns}


def clean(text: str) -> str:
    """The text with one kind of line end, without the control characters that no field and no database wants."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or (ord(char) >= 32 and char != "\x7f")).strip()


def scope_typed(form: Form, present: Content) -> dict[str, Any]:
    """The content of the page of variables: what is ticked, and every justification of something the catalogue offers.

    A justification stays when its table is unticked, so that ticking it again finds it. What the catalogue withdrew
    after it was ticked stays until it is unticked: it is never lost unseen.
    """
    scope: dict[str, list[str]] = {}
    for full in form.get("columns", []):
        table, _dot, column = full.partition(".")
        if column_offered(table, column) or column in present.get("scope", {}).get(table, []):
            scope.setdefault(table, []).append(column)
    justified = {name.removeprefix("why-"): clean(texts[0]) for name, texts in form.items() if name.startswith("why-")}
    return {
        "scope": {table: sorted(set(columns)) for table, columns in sorted(scope.items())},
        "justifications": _kept(present, "justifications", {k: v for k, v in justified.items() if "." not in k}),
        "identifiers": _kept(present, "identifiers", {k: v for k, v in justified.items() if "." in k}),
    }


def _kept(present: Content, key: str, typed: Mapping[str, str]) -> dict[str, str]:
    both = {**present.get(key, {}), **{name: text for name, text in typed.items() if column_offered(*_parts(name))}}
    return {name: text for name, text in sorted(both.items()) if text}


def _parts(name: str) -> tuple[str, str | None]:
    table, dot, column = name.partition(".")
    return table, column if dot else None
