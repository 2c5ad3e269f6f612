"""What a complete dossier holds, field by field. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.applications.form_spec import (
    Content,
    Contents,
    Field,
    Kind,
    PageSpec,
    Specification,
    Text,
    cell_name,
    filled_rows,
)
from apps.applications.pages import specification


@dataclass(frozen=True)
class Missing:
    """One thing that keeps a dossier from being complete. `text` is set where the extract engine has its own words."""

    page: str
    field: str
    code: str
    text: Text | None = None


def missing(contents: Contents, spec: Specification | None = None) -> tuple[Missing, ...]:
    """All that the pages lack or hold wrongly, in the order of the form; fields not asked for lack nothing."""
    return tuple(found for page in (spec or specification()).pages for found in page_missing(page, contents))


def page_missing(page: PageSpec, contents: Contents) -> Iterator[Missing]:
    """What one page lacks or holds wrongly. Other pages matter through the conditions of its fields."""
    content = contents.get(page.key, {})
    for field in page.fields:
        if field.is_asked(contents):
            yield from (Missing(page.key, name, code) for name, code in field_problems(field, content, contents))


def field_problems(field: Field, content: Content, contents: Contents) -> Iterator[tuple[str, str]]:
    """What is wrong with a field, or with each cell of a group: the name to lead to, and a code."""
    is_group = field.kind is Kind.GROUP
    if not (filled_rows(field, content) if is_group else content.get(field.name)):
        if field.is_required(contents):
            yield field.name, "required"
    elif is_group:
        yield from _group_problems(field, filled_rows(field, content))
    elif code := _CHECKS[field.kind](field, content[field.name], content):
        yield field.name, code


def _group_problems(group: Field, rows: tuple[tuple[int, Content], ...]) -> Iterator[tuple[str, str]]:
    if len(rows) > group.most:
        yield group.name, "too_many_rows"
    for number, row in rows:
        for column in group.columns:
            for _name, code in field_problems(column, row, {}):
                yield cell_name(group, number, column), code


def _text_problem(field: Field, value: Any, content: Content) -> str:
    return "too_long" if len(value) > field.max_length else ""


def _number_problem(field: Field, value: Any, content: Content) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10):
        return "not_a_number"
    return "" if field.least <= int(value) <= field.most else "out_of_bounds"


def _choice_problem(field: Field, value: Any, content: Content) -> str:
    return "" if value in {choice.value for choice in field.choices} else "not_a_choice"


def _confirmation_problem(field: Field, value: Any, content: Content) -> str:
    return "" if value == "yes" else "required"


def _date_problem(field: Field, value: Any, content: Content) -> str:
    day = as_date(value)
    if day is None:
        return "not_a_date"
    if field.earliest and day < date.fromisoformat(field.earliest):
        return "too_early"
    start = as_date(content.get(field.not_before))
    if start is None:
        return ""
    if day < start:
        return "before_start"
    return "too_long_a_period" if day >= years_after(start, field.longest_years) else ""


def as_date(value: Any) -> date | None:
    """The day an ISO 8601 text stands for, None when it stands for none."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def years_after(start: date, years: int) -> date:
    """The same day `years` later (28 February for a 29 February that does not exist), at most the last possible day."""
    if start.year + years > date.max.year:
        return date.max
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return start.replace(year=start.year + years, day=28)


def _engine_checks_it(field: Field, value: Any, content: Content) -> str:
    return ""


_CHECKS: Mapping[Kind, Callable[[Field, Any, Content], str]] = {
    Kind.TEXT: _text_problem,
    Kind.LONG_TEXT: _text_problem,
    Kind.NUMBER: _number_problem,
    Kind.CHOICE: _choice_problem,
    Kind.CONFIRMATION: _confirmation_problem,
    Kind.DATE: _date_problem,
    Kind.POPULATION: _engine_checks_it,
    Kind.SCOPE: _engine_checks_it,
    Kind.DOCUMENT: _engine_checks_it,
}
