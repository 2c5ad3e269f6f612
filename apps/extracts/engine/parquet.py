"""Parquet files read a batch at a time, and nothing ahead of need."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq


def opened(file: Path, coded: Sequence[str] = ()) -> pq.ParquetFile:
    """A file whose batches are read when they are asked for; the texts named in ``coded`` come as dictionaries.

    Left to itself, Arrow fetches all row groups of the columns asked for before the first batch: of a file of the
    country, gigabytes.
    """
    return pq.ParquetFile(file, read_dictionary=list(coded), pre_buffer=False)
