"""How exposed the persons of delivered rows are, as an expression."""

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.risk import SMALLEST_COUNT

DELIVERED = "delivered"


def exposure(shape: tuple[tuple[str, str], ...], columns: tuple[str, ...], diverse: str) -> ir.Table:
    """One row: persons, size of the smallest class, persons alone in one, in small ones, least number of values.

    A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in
    the smallest. What is absent is a value like another. ``diverse`` may be empty: nothing is then known of diversity.
    """
    rows = ibis.table(dict(shape), name=DELIVERED)
    known = rows.mutate(**{name: rows[name].cast("string").fill_null("") for name in columns})
    diversity = known[diverse].nunique() if diverse else ibis.null("int64")
    classes = known.group_by(list(columns)).agg(members=known.PATIENT_ID.nunique(), diversity=diversity)
    persons = known.select("PATIENT_ID", *columns).distinct().join(classes, list(columns))
    smallest = persons.group_by("PATIENT_ID").agg(size=persons.members.min(), diversity=persons.diversity.min())
    return smallest.aggregate(
        persons=smallest.count(),
        smallest=smallest["size"].min().fill_null(0),
        alone=(smallest["size"] == 1).sum().fill_null(0),
        in_small=(smallest["size"] < SMALLEST_COUNT).sum().fill_null(0),
        least_diverse=smallest.diversity.min(),
    )
