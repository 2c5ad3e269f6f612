"""From the pages of a dossier to the definition that will run, and what keeps it from running. Pure.

The engine reads the definition strictly; this module says to which page and field each of its objections belongs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.applications.form_spec import Content, Contents, Text
from apps.applications.rules import Missing
from apps.extracts.engine.catalogue import CATALOGUE, Column, Family, Table
from apps.extracts.engine.check import check
from apps.extracts.engine.comparison import differences
from apps.extracts.engine.criteria import Criterion, Period, read_criterion, sentence
from apps.extracts.engine.definition import Definition, Scope
from apps.extracts.engine.design import NO_DESIGN, inconsistencies
from apps.extracts.engine.nomenclature import Nomenclature
from apps.extracts.engine.problems import DefinitionError, Problem
from apps.extracts.engine.protection import Level, Protection
from apps.extracts.engine.reading import Reader

SCHEMA_VERSION = 2
MAX_JUSTIFICATION = 2000
POPULATION_PATH = "$.population"
_ANY_PERIOD = {"from": "2020-01-01", "to": "2020-12-31"}

TABLE_NOT_JUSTIFIED = Text(
    "La demande de la table {name} n’est pas justifiée.", "The request for the table {name} is not justified."
)
IDENTIFIER_NOT_JUSTIFIED = Text(
    "L’identifiant potentiel {name} n’est pas justifié.", "The potential identifier {name} is not justified."
)
JUSTIFICATION_TOO_LONG = Text(
    "La justification de {name} dépasse 2 000 caractères.", "The justification of {name} exceeds 2,000 characters."
)


def definition_json(contents: Contents) -> dict[str, Any]:
    """The engine's JSON from the pages, whatever they lack."""
    period = contents.get("period", {})
    return {
        "schema_version": SCHEMA_VERSION,
        "title": contents.get("title", {}).get("title", ""),
        "population": contents.get("population", {}).get("population", {}),
        "scope": {
            "tables": contents.get("variables", {}).get("scope", {}),
            "period": {"from": period.get("data_from", ""), "to": period.get("data_to", "")},
        },
        **_study(period),
    }


def _study(period: Content) -> dict[str, Any]:
    """What the page of the period says of precision, of care around the index date and of controls, if anything."""
    care = {key: period[name] for key, name in _CARE if period.get(name, "") != ""}
    controls = {key: period[name] for key, name in _CONTROLS if period.get(name, "") != ""}
    design = {key: _numbers(values) for key, values in (("care", care), ("controls", controls)) if values}
    dates = period.get("care_dates", "")
    protection = {"coarsening": {"care_date": dates}} if dates not in ("", "exact") else {}
    return {**({"design": design} if design else {}), **({"protection": protection} if protection else {})}


def coarser(contents: Contents) -> Mapping[Family, Level]:
    """The families of potential identifiers that the pages ask to be made coarser, and how much."""
    asked = _study(contents.get("period", {})).get("protection", {})
    return dict(Protection.read(asked, Reader()).coarsened)


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as the engine reads them; what is none stays as it was typed, for the engine to name it."""
    return {key: int(value) if str(value).isdecimal() else value for key, value in values.items()}


_CARE = (("days_before", "care_days_before"), ("days_after", "care_days_after"))
_CONTROLS = (("per_case", "controls_per_case"), ("birth_year_within", "controls_years"))


def definition(contents: Contents) -> Definition:
    """The definition the pages make. Raises DefinitionError with every problem."""
    return Definition.from_json(definition_json(contents))


def definition_differences(before: Contents, after: Contents) -> tuple[Text, ...]:
    """What differs between the definitions of two versions of a dossier, a sentence each; nothing where one of them
    cannot be read."""
    try:
        found = differences(definition(before), definition(after))
    except DefinitionError:
        return ()
    return tuple(Text(one.fr, one.en) for one in found)


def problems(contents: Contents, known: Nomenclature) -> tuple[Missing, ...]:
    """What the engine objects to in the pages "population" and "variables", and justifications that are missing.

    Pages that hold nothing yet are left to the rules of completeness, which say so once.
    """
    return (*_population_missing(contents, known), *scope_missing(contents.get("variables", {})))


def _population_missing(contents: Contents, known: Nomenclature) -> Iterator[Missing]:
    population = contents.get("population", {}).get("population")
    if population and (found := population_problems(population, known)):
        first = found[0]
        yield Missing("population", "population", "definition", Text(first.message_fr, first.message_en))


def last_problems(contents: Contents, known: Nomenclature) -> tuple[Missing, ...]:
    """What the engine objects to in the definition as a whole: asked once every page is right on its own."""
    try:
        found = check(definition(contents), CATALOGUE, known)
    except DefinitionError as error:
        found = error.problems
    return tuple(_as_missing(problem) for problem in found)


def _as_missing(problem: Problem) -> Missing:
    page, field = next(place for start, place in _PLACES if problem.path.startswith(start))
    return Missing(page, field, "definition", Text(problem.message_fr, problem.message_en))


_PLACES = (
    ("$.title", ("title", "title")),
    (POPULATION_PATH, ("population", "population")),
    ("$.scope.period", ("period", "data_from")),
    ("$.protection.coarsening", ("period", "care_dates")),
    ("$.design.care.days_after", ("period", "care_days_after")),
    ("$.design.care", ("period", "care_days_before")),
    ("$.design.controls.birth_year_within", ("period", "controls_years")),
    ("$.design.controls", ("period", "controls_per_case")),
    ("$", ("variables", "scope")),
)


def population_problems(population: Mapping[str, Any], known: Nomenclature) -> tuple[Problem, ...]:
    """Everything the engine objects to in a tree of criteria: how it is written, then whether its codes exist."""
    reader = Reader()
    criterion = read_criterion(population, POPULATION_PATH, reader)
    if criterion is None or reader.problems:
        return tuple(reader.problems)
    if timed := tuple(inconsistencies(criterion, NO_DESIGN, days_from_index=False)):
        return timed
    return check(_only(criterion), CATALOGUE, known)


def population_sentences(population: Mapping[str, Any]) -> Text | None:
    """The tree read aloud in both languages; None while something in it cannot be read."""
    reader = Reader()
    criterion = read_criterion(population, POPULATION_PATH, reader)
    if criterion is None or reader.problems:
        return None
    return Text(sentence(criterion, "fr"), sentence(criterion, "en"))


def _only(criterion: Criterion) -> Definition:
    """A definition whose only content is this population, for the engine to check its codes."""
    period = Period.read(_ANY_PERIOD, "", Reader())
    assert period is not None  # noqa: S101  a constant of this module
    return Definition("-", criterion, Scope({}, period))


def scope_missing(variables: Content) -> Iterator[Missing]:
    """What the page of variables lacks once something is ticked: a justification for each table and each identifier."""
    for name, columns in variables.get("scope", {}).items():
        yield from _table_missing(name, columns, variables)


def offered_columns(table: Table) -> tuple[Column, ...]:
    """The columns of a table that a dossier may ask for: no direct identifier, and no pseudonym that always comes."""
    return tuple(column for column in table.deliverable if column.name not in table.surrogates)


def column_offered(table_name: str, column_name: str | None) -> bool:
    """Whether the catalogue offers the column; with no column, whether it offers the table."""
    table = CATALOGUE.table(table_name)
    if table is None:
        return False
    return column_name is None or column_name in {column.name for column in offered_columns(table)}


def withdrawn(variables: Content) -> dict[str, tuple[str, ...]]:
    """What a dossier asks for and the catalogue offers no more, by table."""
    found = {
        table: tuple(column for column in columns if not column_offered(table, column))
        for table, columns in variables.get("scope", {}).items()
    }
    return {table: columns for table, columns in found.items() if columns}


def _table_missing(name: str, columns: list[str], variables: Mapping[str, Any]) -> Iterator[Missing]:
    table = CATALOGUE.table(name)
    offered = {column.name: column for column in offered_columns(table)} if table else {}
    yield from _justification_missing(name, variables.get("justifications", {}).get(name, ""), TABLE_NOT_JUSTIFIED)
    for column in columns:
        full = f"{name}.{column}"
        if column not in offered:
            yield Missing(
                "variables",
                "scope",
                "definition",
                Text(f"{full} n’est pas proposée au catalogue.", f"{full} is not offered by the catalogue."),
            )
        elif offered[column].family:
            why = variables.get("identifiers", {}).get(full, "")
            yield from _justification_missing(full, why, IDENTIFIER_NOT_JUSTIFIED)


def _justification_missing(name: str, why: str, unjustified: Text) -> Iterator[Missing]:
    if not why.strip():
        yield Missing("variables", f"why-{name}", "definition", _about(unjustified, name))
    elif len(why) > MAX_JUSTIFICATION:
        yield Missing("variables", f"why-{name}", "definition", _about(JUSTIFICATION_TOO_LONG, name))


def _about(text: Text, name: str) -> Text:
    return Text(text.fr.format(name=name), text.en.format(name=name))
