"""The relations that expressions read, with their shapes, and the text of an expression."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from functools import reduce as fold

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]
from ibis.expr import operations

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS, STAY_KEYS, Table, Type
from apps.extracts.engine.pseudonyms import SEPARATOR

Shape = Mapping[str, str]

IBIS_TYPES: Mapping[Type, str] = {
    Type.STRING: "string",
    Type.INTEGER: "int64",
    Type.NUMBER: "float64",
    Type.DATE: "date",
}
IDENTITIES: Shape = {
    "BEN_NIR_PSA": "string",
    "BEN_RNG_GEM": "int64",
    "BEN_IDT_ANO": "string",
    "person": "string",
    "sharing": "int64",
}
PEOPLE: Shape = {
    "person": "string",
    "birth_year": "int64",
    "birth_month": "int64",
    "sex": "int64",
    "department": "string",
}
EVENTS: Shape = {"person": "string", "day": "date", "removed": "int64", "rows": "int64"}
PERSONS: Shape = {"person": "string"}
PATIENTS: Shape = {"person": "string", "PATIENT_ID": "uuid"}
MEMBERS: Shape = {
    "BEN_NIR_PSA": "string",
    "BEN_RNG_GEM": "int64",
    "BEN_IDT_ANO": "string",
    "sharing": "int64",
    "PATIENT_ID": "uuid",
}


def _source_shape(table: Table) -> Shape:
    return {column.name: IBIS_TYPES[column.type] for column in table.source_columns}


def _keys_shape(table: str, keys: Sequence[str]) -> Shape:
    shape = _source_shape(CATALOGUE.tables[table])
    return {name: shape[name] for name in keys}


CLAIMS: Shape = {**_keys_shape("ER_PRS_F", CLAIM_KEYS), "PATIENT_ID": "uuid", "CLAIM_ID": "uuid"}
STAYS: Shape = {**_keys_shape("T_MCOaaC", STAY_KEYS), "PATIENT_ID": "uuid", "STAY_ID": "uuid"}

SHAPES: dict[str, Shape] = {
    **{name: _source_shape(table) for name, table in CATALOGUE.tables.items()},
    "identities": IDENTITIES,
    "people": PEOPLE,
    "events": EVENTS,
    "cohort": PERSONS,
    "patients": PATIENTS,
    "members": MEMBERS,
    "claims": CLAIMS,
    "stays": STAYS,
}


def relation(name: str) -> ir.Table:
    """A relation by its name, without any data; ``matched_3`` is the set of persons of the fourth leaf."""
    return ibis.table(shape_of(name), name=name)


def shape_of(name: str) -> Shape:
    """The columns of a relation and their types."""
    return SHAPES.get(name, PERSONS)


@dataclass(frozen=True, slots=True)
class Query:
    """An expression ready to run: its SQL and the relations that it reads."""

    sql: str
    relations: tuple[str, ...]


@lru_cache(maxsize=1024)
def compiled(build: Callable[..., ir.Table], *arguments: Hashable) -> Query:
    """The query of an expression, translated once: partitions change what its relations are bound to, not its text."""
    expression = build(*arguments)
    return Query(to_sql(expression), relations_of(expression))


def relations_of(expression: ir.Expr) -> tuple[str, ...]:
    """The names of the relations that an expression reads, sorted."""
    return tuple(sorted({node.name for node in expression.op().find(operations.UnboundTable)}))


def identifier(rows: ir.Table, keys: Sequence[str]) -> ir.StringValue:
    """The text that a pseudonym of these keys is made of (see ``pseudonyms.joined``)."""
    first, *others = (rows[name].cast("string") for name in keys)
    return fold(lambda left, right: left + SEPARATOR + right, others, first)


def to_sql(expression: ir.Expr) -> str:
    """The SQL of an expression for DuckDB."""
    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
