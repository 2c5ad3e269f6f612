"""The published JSON Schema of a definition, generated from the same constants that the reader uses.

``python -m apps.extracts.engine.schema`` prints it; with ``--check FILE`` it says whether FILE is current (exit 1 when
it is not).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .catalogue import CATALOGUE
from .codes import NOTATIONS, System
from .criteria import (
    MAX_DEPTH,
    MAX_NODES,
    Act,
    AllOf,
    AnyOf,
    AtLeast,
    Biology,
    Drug,
    LongTermCondition,
    Not,
    Place,
    Position,
    Stay,
)
from .definition import FIRST_VERSION, MAX_TITLE, SCHEMA_VERSION
from .design import MOST_CONTROLS, WIDEST_AGE
from .filters import FILTERS, Filter
from .geography import REGIONS
from .leaf_parts import MAX_AGE, MAX_CODES, MAX_DATES, UNIT_PATTERN, SexValue
from .leaves import EVENT_TAGS, Age, Residence, Sex
from .protection import LEVELS, LONGEST_SHIFT, MOST_SPARSE_SAMPLE
from .timing import FARTHEST, Anchor

Schema = dict[str, Any]


def definition_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a definition."""
    criteria = {**_nodes(), **{tag: _timed(tag, leaf) for tag, leaf in _leaves().items()}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Definition of an extract of the SNDS",
        "description": "What a project asks for and a steward approves. Codes must also exist in the source, which a "
        f"schema cannot say; a population has at most {MAX_NODES} criteria on {MAX_DEPTH} levels.",
        **_object(
            {
                "schema_version": {"type": "integer", "minimum": FIRST_VERSION, "maximum": SCHEMA_VERSION},
                "title": {"type": "string", "minLength": 1, "maxLength": MAX_TITLE},
                "population": {"$ref": "#/$defs/criterion"},
                "scope": _object({"tables": _tables(), "period": _PERIOD}),
                "filters": _filters(),
                "protection": _protection(),
                "design": _design(),
            },
            optional=("filters", "protection", "design"),
        ),
        "$defs": {
            "criterion": {"oneOf": [_object({tag: schema}) for tag, schema in criteria.items()]},
            "period": _object({"from": _DAY, "to": _DAY}),
            "window": {
                **_object({"from": _FROM_INDEX, "to": _FROM_INDEX}),
                "description": "In days from the index date.",
            },
            **{system.value: _codes(system) for system in System},
        },
    }


_DAY: Schema = {"type": "string", "format": "date"}
_FROM_INDEX: Schema = {"type": "integer", "minimum": -FARTHEST, "maximum": FARTHEST}
_PERIOD: Schema = {"$ref": "#/$defs/period"}
_WINDOW: Schema = {"$ref": "#/$defs/window"}


def _object(properties: Schema, optional: Sequence[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _codes(system: System) -> Schema:
    item = {"type": "string", "pattern": NOTATIONS[system].pattern}
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_CODES,
        "items": item,
        "description": f"{NOTATIONS[system].name_en}: {NOTATIONS[system].example}",
    }


def _listed(values: Sequence[str]) -> Schema:
    return {"type": "array", "minItems": 1, "items": {"enum": list(values)}}


def _nodes() -> Schema:
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/criterion"}}
    counted = {
        **_object({"count": {"type": "integer", "minimum": 1, "maximum": MAX_NODES}, "of": several}),
        "description": "So many of the criteria at least; of no more than are listed, and none of them twice.",
    }
    return {AllOf.TAG: several, AnyOf.TAG: several, AtLeast.TAG: counted, Not.TAG: {"$ref": "#/$defs/criterion"}}


def _leaves() -> Schema:
    at_least = {"type": "integer", "minimum": 1, "maximum": MAX_DATES, "default": 1}
    years = {"type": "integer", "minimum": 0, "maximum": MAX_AGE}
    numbers = {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 99}}
    positions = _listed([position.value for position in Position])
    places = _listed([place.value for place in Place])
    icd10, atc, cip13, ccam, nabm = ({"$ref": f"#/$defs/{system.value}"} for system in System)
    return {
        Stay.TAG: _object(
            {
                "diagnosis": icd10,
                "positions": positions,
                "period": _PERIOD,
                "at_least": at_least,
                "medical_units": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": UNIT_PATTERN}},
            },
            optional=("positions", "at_least", "medical_units"),
        ),
        LongTermCondition.TAG: _either(
            {"diagnosis": icd10, "numbers": numbers, "period": _PERIOD}, ("diagnosis", "numbers")
        ),
        Drug.TAG: _either(
            {"atc": atc, "cip13": cip13, "period": _PERIOD, "at_least": at_least}, ("atc", "cip13"), ("at_least",)
        ),
        Act.TAG: _object(
            {"ccam": ccam, "places": places, "period": _PERIOD, "at_least": at_least}, optional=("places", "at_least")
        ),
        Biology.TAG: _object({"nabm": nabm, "period": _PERIOD, "at_least": at_least}, optional=("at_least",)),
        Age.TAG: _either({"on": _DAY, "min": years, "max": years}, ("min", "max")),
        Sex.TAG: {"enum": [value.value for value in SexValue]},
        Residence.TAG: _listed(sorted(REGIONS)),
    }


def _timed(tag: str, leaf: Schema) -> Schema:
    """A criterion on events may give the index date, or be counted in days from it."""
    if tag not in EVENT_TAGS:
        return leaf
    index = {
        "enum": [anchor.value for anchor in Anchor],
        "description": "The first or the last day of these events is the index date; for one criterion at most.",
    }
    return {**leaf, "properties": {**leaf["properties"], "index": index, "within": _WINDOW}}


def _either(properties: Schema, one_of: Sequence[str], optional: Sequence[str] = ()) -> Schema:
    """An object of which at least one key among ``one_of`` is needed."""
    found = _object(properties, optional=(*one_of, *optional))
    return {**found, "anyOf": [{"required": [name]} for name in one_of]}


def _tables() -> Schema:
    properties = {
        name: _listed([column.name for column in table.deliverable]) for name, table in CATALOGUE.tables.items()
    }
    return {"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": False}


def _filters() -> Schema:
    words = "; ".join(f"{chosen.value} removes {FILTERS[chosen].removes_en}" for chosen in Filter)
    names = [chosen.value for chosen in Filter]
    return {"type": "array", "items": {"enum": names}, "description": f"All by default. {words}."}


def _protection() -> Schema:
    levels = {family.value: {"enum": [level.value for level in known]} for family, known in LEVELS.items()}
    properties = {
        "sample_one_in": {"type": "integer", "minimum": 1, "maximum": MOST_SPARSE_SAMPLE, "default": 1},
        "coarsening": _object(levels, optional=tuple(levels)),
        "date_shift_days": {"type": "integer", "minimum": 0, "maximum": LONGEST_SHIFT, "default": 0},
    }
    return _object(properties, optional=tuple(properties))


def _design() -> Schema:
    days = {"type": "integer", "minimum": 0, "maximum": FARTHEST}
    care = _object({"days_before": days, "days_after": days})
    controls = _object(
        {
            "per_case": {"type": "integer", "minimum": 1, "maximum": MOST_CONTROLS},
            "birth_year_within": {"type": "integer", "minimum": 0, "maximum": WIDEST_AGE, "default": 0},
            "among": {"$ref": "#/$defs/criterion"},
        },
        optional=("birth_year_within", "among"),
    )
    found = _object({"care": care, "controls": controls}, optional=("care", "controls"))
    return {**found, "description": "Counted from the index date: one criterion of the population has to give it."}


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(definition_schema(), ensure_ascii=False, indent=2) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Print the schema, or check that a file holds it."""
    match list(arguments):
        case []:
            sys.stdout.write(schema_text())
            return 0
        case ["--check", name]:
            path = Path(name)
            current = path.is_file() and path.read_text() == schema_text()
            if not current:
                sys.stderr.write(f"{name} is not current: python -m {__package__}.schema > {name}\n")
            return 0 if current else 1
        case _:
            sys.stderr.write("usage: python -m apps.extracts.engine.schema [--check FILE]\n")
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
