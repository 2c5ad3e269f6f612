"""How exposed the persons of delivered rows are, as expressions.

A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in the
smallest. What is absent is a value like another. Rows are read once, and reduced to who has which values (``exposed``);
every set of quasi-identifiers is then counted on that.
"""

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.risk import SMALLEST_COUNT

DELIVERED, EXPOSED = "delivered", "exposed"
PERSON = "PATIENT_ID"
SEVERAL = 2
"""The diversity of a class that holds at least so many sensitive values, until they are counted."""

Columns = tuple[str, ...]
DeliveredShape = tuple[tuple[str, str], ...]


def exposed(shape: DeliveredShape, columns: Columns, diverse: str) -> ir.Table:
    """Who has which values in the delivered rows, once each, with the least and the greatest sensitive value."""
    rows = ibis.table(dict(shape), name=DELIVERED)
    told = {"least": rows[diverse].min(), "greatest": rows[diverse].max()} if diverse else {}
    return rows.group_by([PERSON, *columns]).agg(**told)


def _exposed(shape: DeliveredShape, columns: Columns, diverse: str) -> ir.Table:
    types = dict(shape)
    told = {"least": types[diverse], "greatest": types[diverse]} if diverse else {}
    return ibis.table({name: types[name] for name in (PERSON, *columns)} | told, name=EXPOSED)


def _span(rows: ir.Table) -> dict[str, ir.Value]:
    """The least and the greatest sensitive value, where they are known."""
    return {"least": rows.least.min(), "greatest": rows.greatest.max()} if "least" in rows.columns else {}


def exposure(shape: DeliveredShape, known: Columns, columns: Columns, diverse: str) -> ir.Table:
    """One row: persons, size of the smallest class, persons alone in one, in small ones, least number of values.

    ``known`` are the columns of ``exposed``, ``columns`` those that make the classes. ``diverse`` may be empty: nothing
    is then known of diversity. A least number of ``SEVERAL`` values remains to be counted (``diversity``).
    """
    persons = _exposed(shape, known, diverse)
    if columns != known:
        persons = persons.group_by([PERSON, *columns]).agg(**_span(persons))
    first = persons[PERSON].min()
    classes = persons.group_by(list(columns)).agg(members=persons.count(), first=first, **_span(persons))
    alone = classes.filter(classes.members == 1).select(alone=classes.first).distinct()
    others = _in_small_classes(persons.anti_join(alone, persons[PERSON] == alone.alone), classes, columns)
    return (
        persons.aggregate(persons=persons[PERSON].nunique())
        .cross_join(_of_classes(classes))
        .cross_join(alone.aggregate(alone=alone.count()))
        .cross_join(others.aggregate(others=others.count()))
        .mutate(in_small=ibis._.alone + ibis._.others)
        .select("persons", "smallest", "alone", "in_small", "least_diverse")
    )


def _in_small_classes(persons: ir.Table, classes: ir.Table, columns: Columns) -> ir.Table:
    """Each person of a class that is small, without being of one person: those who are in one are known without it."""
    few = classes.filter(classes.members.between(2, SMALLEST_COUNT - 1)).select(*columns)
    found = persons.join(few, [persons[name].identical_to(few[name]) for name in columns], rname="few_{name}")
    return found.select(PERSON).distinct()


def _of_classes(classes: ir.Table) -> ir.Table:
    smallest = classes.members.min().fill_null(0)
    if "least" not in classes.columns:
        return classes.aggregate(smallest=smallest).mutate(least_diverse=ibis.null("int64"))
    one_or_several = (classes.least == classes.greatest).ifelse(1, SEVERAL)
    values = classes.least.isnull().ifelse(0, one_or_several)
    return classes.aggregate(smallest=smallest, least_diverse=values.min())


def diversity(shape: DeliveredShape, columns: Columns, diverse: str) -> ir.Table:
    """One row: the least number of different sensitive values in a class."""
    rows = ibis.table(dict(shape), name=DELIVERED)
    classes = rows.group_by(list(columns)).agg(values=rows[diverse].nunique())
    return classes.aggregate(least_diverse=classes["values"].min())
