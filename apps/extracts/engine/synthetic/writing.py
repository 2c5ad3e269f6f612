"""Writes columns as Parquet with the types of the catalogue, always the same bytes for the same columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.extracts.engine.catalogue import Table, Type

ROW_GROUP = 122_880
ARROW_TYPES = {Type.STRING: pa.string(), Type.INTEGER: pa.int64(), Type.NUMBER: pa.float64(), Type.DATE: pa.date32()}


def write_table(
    folder: Path, table: Table, partition: str, columns: Mapping[str, Any], count: int, part: int = 0
) -> None:
    """Write one partition. Columns of the table that are not given are empty; the hive column stays in the path."""
    place = folder / table.folder(partition)
    arrays = {
        column.name: _array(columns.get(column.name), ARROW_TYPES[column.type], count)
        for column in table.source_columns
        if f"{column.name}=" not in place.name
    }
    write_columns(place, pa.table(arrays), part)


def write_columns(place: Path, table: Any, part: int = 0) -> None:
    """Write one Parquet file, ``part-0.parquet``, in the folder ``place``."""
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, place / f"part-{part}.parquet", compression="zstd", row_group_size=ROW_GROUP)


def _array(values: Any, kind: Any, count: int) -> Any:
    if values is None:
        return pa.nulls(count, kind)
    if np.isscalar(values):
        return pa.array(np.full(count, values)).cast(kind)
    found = pa.array(values)
    if pa.types.is_string(found.type):
        return pa.compute.if_else(pa.compute.equal(found, ""), pa.scalar(None, pa.string()), found)
    if pa.types.is_date(found.type):
        return pa.compute.if_else(pa.compute.equal(found, pa.scalar(NO_DAY, pa.date32())), None, found.cast(kind))
    return found.cast(kind)


NO_DAY = np.datetime64("2199-12-31").astype(object)
