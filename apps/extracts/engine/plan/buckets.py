"""Buckets of persons: what is done for one of them needs the memory of one of them."""

import ibis
import ibis.expr.types as ir


def in_bucket(rows: ir.Table, bucket: int, buckets: int, column: str = "person") -> ir.Table:
    """The rows of one bucket out of so many, told by the values of a column."""
    return rows if buckets == 1 else rows.filter(bucket_of(rows[column], buckets) == bucket)


def bucket_of(value: ir.Value, buckets: int) -> ir.Value:
    """The bucket of a value. That of twice as many buckets has the same remainder: it lies within this one."""
    if buckets == 1:
        return ibis.literal(0, "int64")
    # Twice the remainder: the hashes of some engines are signed.
    return ((value.hash() % buckets + buckets) % buckets).cast("int64")
