"""From an approved submission to the words and the open data of the public page: the dossier's own published fields."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from apps.applications import presentation
from apps.applications.authorised import family_of, root_of
from apps.applications.examination import submitted_contents
from apps.applications.form_spec import Content, Contents, Field, Kind, PageSpec, Text, filled_rows
from apps.applications.models import Application, StageOutcome, Submission
from apps.applications.overview import outcomes_of
from apps.applications.policy import Path
from apps.applications.wording import said
from apps.core.dates import in_words
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.catalogue_text import DATASET_TITLES

LANGUAGES = ("fr", "en")
COMMITTEE, AUTHORITY = "committee", ("cnil", "commitment")


def sections(application: Application, submission: Submission, path: Path) -> dict[str, list[dict[str, Any]]]:
    """The page in each language: titled groups of labelled answers, each saying its own language."""
    made = {}
    for language in LANGUAGES:
        with translation.override(language):
            made[language] = [*_pages(application, submission, language), _procedure(application, path, language)]
    return made


def _pages(application: Application, submission: Submission, language: str) -> Iterator[dict[str, Any]]:
    contents = submitted_contents(submission.content)
    for page in application.specification.pages:
        answers = [answer for answer in _answers(page, contents, language) if answer["text"]]
        if page.key == "team" or answers:
            more = _controllers(application) if page.key == "team" else []
            yield {
                "title": said(page.title) if page.key != "team" else _("Who is responsible"),
                "answers": more + answers,
            }


def _controllers(application: Application) -> list[dict[str, str]]:
    name = application.organisation.name
    return [{"label": _("Data controller"), "text": name, "language": "fr"}]


def _answers(page: PageSpec, contents: Contents, language: str) -> Iterator[dict[str, str]]:
    content = contents.get(page.key, {})
    english = {field.translates: field for field in page.fields if field.translates}
    for field in page.fields:
        if field.published and not field.translates and field.is_asked(contents):
            translated = english.get(field.name)
            if language == "en" and translated and content.get(translated.name):
                yield _answer(field.label, presentation.in_words(translated, content), "en")
            elif field.kind is Kind.SCOPE:
                yield from _components(content, language)
            else:
                yield _answer(field.label, presentation.in_words(field, content), _language_of(field, language))


def _answer(label: Text, text: str, language: str) -> dict[str, str]:
    return {"label": said(label), "text": text, "language": language}


def _language_of(field: Field, language: str) -> str:
    """Free text is French unless translated; what the portal itself words is in the reader's language."""
    return "fr" if field.kind in {Kind.TEXT, Kind.LONG_TEXT} else language


def _components(variables: Content, language: str) -> Iterator[dict[str, str]]:
    """The components of the data, then the potential identifiers one by one, without the justifications."""
    tables = presentation.scope_read(variables, language)
    datasets = dict.fromkeys(_dataset_title(table.name) for table in tables)
    yield {"label": _("Components of the data"), "text": "\n".join(datasets), "language": language}
    lines = [f"{table.title} ({table.name}): {', '.join(table.columns)}" for table in tables]
    yield {"label": _("Tables and variables"), "text": "\n".join(lines), "language": language}
    flagged = [f"{table.name}.{column}: {family}" for table in tables for column, family, _why in table.identifiers]
    yield {"label": _("Potential identifiers"), "text": "\n".join(flagged) or _("None"), "language": language}


def _dataset_title(table_name: str) -> str:
    table = CATALOGUE.table(table_name)
    return said(Text(*DATASET_TITLES[table.dataset])) if table else table_name


def _procedure(application: Application, path: Path, language: str) -> dict[str, Any]:
    """The path, and how each stage ended."""
    answers = [{"label": _("Path of the procedure"), "text": said(path.title), "language": language}]
    for line in outcomes_of(application):
        parts = [line.outcome, line.reference, in_words(line.decided_on) if line.decided_on else ""]
        answers.append({"label": line.stage, "text": ", ".join(part for part in parts if part), "language": language})
    return {"title": _("Procedure"), "answers": answers}


def facts(application: Application, submission: Submission, path: Path) -> dict[str, Any]:
    """The open data of a project: values, not words; every published field under "page.field"."""
    contents = submitted_contents(submission.content)
    spec = application.specification
    scope = contents.get("variables", {}).get("scope", {})
    plain = {
        f"{page.key}.{field.name}": _value(field, contents.get(page.key, {}))
        for page, field in spec.published()
        if field.kind not in {Kind.SCOPE, Kind.POPULATION} and field.is_asked(contents)
    }
    with translation.override("fr"):
        population = presentation.in_words(spec.page("population").field("population"), contents["population"])
    return {
        "number": root_of(application).number,
        "path": path.key,
        "controller": application.organisation.name,
        **plain,
        "population": population,
        "tables": sorted(scope),
        "potential_identifiers": sorted(_identifiers(scope)),
        **_outcomes(application),
    }


def _value(field: Field, content: Content) -> Any:
    if field.kind is Kind.GROUP:
        return [dict(row) for _number, row in filled_rows(field, content)]
    return content.get(field.name, "")


def _identifiers(scope: Mapping[str, list[str]]) -> Iterator[str]:
    for name, columns in scope.items():
        table = CATALOGUE.table(name)
        flagged = {column.name for column in table.columns if column.family} if table else set()
        yield from (f"{name}.{column}" for column in columns if column in flagged)


def _outcomes(application: Application) -> dict[str, str]:
    """Opinion and authority's decision: outcome, reference and day of the latest of each."""
    found: dict[str, str] = {}
    for row in StageOutcome.objects.filter(application__in=family_of(application)).order_by("id"):
        name = "committee" if row.stage == COMMITTEE else "cnil" if row.stage in AUTHORITY else ""
        if name:
            day = row.decided_on.isoformat() if row.decided_on else row.at.date().isoformat()
            found |= {f"{name}_outcome": row.outcome, f"{name}_reference": row.reference, f"{name}_date": day}
    return found


def folded(text: str) -> str:
    """The text without accents and capitals, for a search that minds neither."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def haystack(number: str, words: Mapping[str, list[dict[str, Any]]]) -> str:
    """All that a search looks through."""
    texts = (answer["text"] for parts in words.values() for part in parts for answer in part["answers"])
    return folded("\n".join([number, *texts]))
