"""The page of variables as it is shown: datasets, tables, variables, with what is ticked and justified."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.applications import composition
from apps.applications.form_spec import Content, Text
from apps.applications.presentation import family_title
from apps.applications.wording import said
from apps.extracts.engine.catalogue import CATALOGUE, Column, Table
from apps.extracts.engine.catalogue_text import DATASET_TITLES


@dataclass(frozen=True)
class ColumnView:
    """A variable; `family` names the family of potential identifiers it belongs to, in words."""

    full: str
    name: str
    title: str
    ticked: bool
    family: str
    why: str
    error: str


@dataclass(frozen=True)
class TableView:
    """A table; `pseudonyms` come with it whatever is ticked."""

    name: str
    title: str
    columns: tuple[ColumnView, ...]
    identifiers: tuple[ColumnView, ...]
    pseudonyms: str
    why: str
    error: str
    ticked: int


@dataclass(frozen=True)
class DatasetView:
    """A dataset and its tables."""

    title: str
    tables: tuple[TableView, ...]


def datasets(variables: Content, language: str) -> tuple[DatasetView, ...]:
    """The catalogue with the choices and justifications of a dossier, and what they lack."""
    lacking = {missing.field: said(missing.text) for missing in composition.scope_missing(variables) if missing.text}
    return tuple(
        DatasetView(
            said(Text(*DATASET_TITLES[name])), tuple(_table(table, variables, lacking, language) for table in tables)
        )
        for name, tables in CATALOGUE.datasets().items()
    )


def _table(table: Table, variables: Content, lacking: Mapping[str, str], language: str) -> TableView:
    ticked = variables.get("scope", {}).get(table.name, [])
    columns = tuple(
        _column(table, column, column.name in ticked, variables, lacking, language)
        for column in composition.offered_columns(table)
    )
    return TableView(
        name=table.name,
        title=table.title(language),
        columns=columns,
        identifiers=tuple(column for column in columns if column.family),
        pseudonyms=", ".join(table.surrogates),
        why=variables.get("justifications", {}).get(table.name, ""),
        error=lacking.get(f"why-{table.name}", ""),
        ticked=len(ticked),
    )


def _column(
    table: Table, column: Column, ticked: bool, variables: Content, lacking: Mapping[str, str], language: str
) -> ColumnView:
    full = f"{table.name}.{column.name}"
    return ColumnView(
        full=full,
        name=column.name,
        title=column.title(language),
        ticked=ticked,
        family=family_title(column.family, language) if column.family else "",
        why=variables.get("identifiers", {}).get(full, ""),
        error=lacking.get(f"why-{full}", ""),
    )
