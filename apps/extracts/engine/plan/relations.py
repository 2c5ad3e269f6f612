"""The relations that expressions read, with their shapes, and the text of an expression."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from inspect import Parameter, Signature
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.expr import operations

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS, STAY_KEYS, Kind, Table, Type

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
    "died": "date",
}
EVENTS: Shape = {
    "leaf": "int64",
    "person": "string",
    "day": "date",
    "code": "string",
    "removed": "int64",
    "quantity": "float64",
    "rows": "int64",
    "bucket": "int64",
}
REDUCED: Shape = {"leaf": "int64", "person": "string", "day": "date", "removed": "int64", "rows": "int64"}
MATCHED: Shape = {"leaf": "int64", "person": "string", "index_day": "date"}
COHORT: Shape = {"person": "string", "index_day": "date"}
PATIENTS: Shape = {"person": "string", "PATIENT_ID": "uuid", "CASE_ID": "uuid", "shift": "int64", "index_day": "date"}
MEMBERS: Shape = {
    "BEN_NIR_PSA": "string",
    "BEN_RNG_GEM": "int64",
    "BEN_IDT_ANO": "string",
    "sharing": "int64",
    "PATIENT_ID": "uuid",
    "shift": "int64",
    "index_day": "date",
}
PARTITION: Shape = {"year": "int64"}


def _source_shape(table: Table) -> Shape:
    return {column.name: IBIS_TYPES[column.type] for column in table.source_columns}


def _keys_shape(table: str, keys: Sequence[str]) -> Shape:
    shape = _source_shape(CATALOGUE.tables[table])
    return {name: shape[name] for name in keys}


_CLAIM_SHAPE, _STAY_SHAPE = _keys_shape("ER_PRS_F", CLAIM_KEYS), _keys_shape("T_MCOaaC", STAY_KEYS)
_PATIENT: Shape = {"PATIENT_ID": "uuid", "shift": "int64", "index_day": "date"}
_FILTERED: Shape = {"removed": "int64", "kept": "boolean"}
STAYS: Shape = {**_STAY_SHAPE, **_PATIENT, "STAY_ID": "uuid", **_FILTERED}

SHAPES: Mapping[str, Shape] = {
    **{name: _source_shape(table) for name, table in CATALOGUE.tables.items()},
    "identities": IDENTITIES,
    "people": PEOPLE,
    "events": EVENTS,
    "reduced": REDUCED,
    "matched": MATCHED,
    "cohort": COHORT,
    "patients": PATIENTS,
    "members": MEMBERS,
    "lines": {**_source_shape(CATALOGUE.tables["ER_PRS_F"]), **_PATIENT, "removed": "int64"},
    "care": {**_source_shape(CATALOGUE.tables["ER_PRS_F"]), **_PATIENT, "CLAIM_ID": "uuid", **_FILTERED},
    "stays": STAYS,
    "partition": PARTITION,
}
KEYED_ARGUMENTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PERSON: ("string",),
    Kind.CLAIM: tuple(_CLAIM_SHAPE.values()),
    Kind.STAY: ("int64", *_STAY_SHAPE.values()),
    Kind.PROFESSIONAL: ("string",),
    Kind.FACILITY: ("string",),
}
"""The types of what a pseudonym of each kind is made of."""


def relation(name: str, *columns: str) -> ir.Table:
    """A relation by its name, without any data: these columns, or all of them when none is named.

    Tables of the source have dozens of columns, and what a query does not name is not even looked up.
    """
    shape = SHAPES[name]
    return ibis.table({column: shape[column] for column in dict.fromkeys(columns or shape)}, name=name)


def keyed_name(kind: Kind) -> str:
    """The name under which an engine knows the keyed function of a kind."""
    return f"pseudonym_of_{kind.value}"


@cache
def _keyed(kind: Kind) -> Callable[..., Any]:
    def function() -> None: ...

    arguments = [f"part_{place}" for place in range(len(KEYED_ARGUMENTS[kind]))]
    function.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in arguments])  # type: ignore[attr-defined]
    signature = (KEYED_ARGUMENTS[kind], "uuid")
    return ibis.udf.scalar.builtin(function, name=keyed_name(kind), signature=signature)  # type: ignore[no-any-return]


def pseudonym(kind: Kind, *values: ir.Value) -> ir.Value:
    """The pseudonym, of a kind, of these columns; absent only where a text is absent."""
    return _keyed(kind)(*values)


@dataclass(frozen=True, slots=True)
class Query:
    """An expression ready to run: how it is built, and the relations that it reads with their columns."""

    build: Callable[..., ir.Table]
    arguments: tuple[Hashable, ...]
    relations: Mapping[str, Shape]

    def sql(self, dialect: str) -> str:
        """Its text in the SQL of a backend."""
        return _translated(dialect, self.build, *self.arguments)


@lru_cache(maxsize=1024)
def compiled(build: Callable[..., ir.Table], *arguments: Hashable) -> Query:
    """The query of an expression, built once: partitions change what its relations are bound to, not its text."""
    return Query(build, arguments, relations_of(build(*arguments)))


@lru_cache(maxsize=1024)
def _translated(dialect: str, build: Callable[..., ir.Table], *arguments: Hashable) -> str:
    return to_sql(build(*arguments), dialect)


def relations_of(expression: ir.Expr) -> Mapping[str, Shape]:
    """The relations that an expression reads, by name, and what it reads of each."""
    found: dict[str, set[str]] = {}
    for node in expression.op().find(operations.UnboundTable):
        found.setdefault(node.name, set()).update(node.schema)
    return {name: {column: SHAPES[name][column] for column in sorted(found[name])} for name in sorted(found)}


def to_sql(expression: ir.Expr, dialect: str) -> str:
    """The SQL of an expression, in one of Ibis's dialects."""
    return str(ibis.to_sql(expression, dialect=dialect, pretty=False))
