"""A block of invented people on its way to Parquet files: which seed, which block, which folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from apps.extracts.engine.catalogue import CATALOGUE

from .draws import generator
from .writing import write_table

BLOCK = 200_000
"""People of a block. Blocks are drawn and written one by one, or several at once: memory does not grow with people."""


@dataclass(frozen=True, slots=True)
class Making:
    """Block number ``block`` of a synthetic source; its part of each partition is a file of its own."""

    folder: Path
    seed: int
    block: int

    def draw(self, subject: str, period: int = 0) -> np.random.Generator:
        """The random draws of a subject for a period; nothing else changes them, no thread and no other block."""
        return generator(self.seed, subject, period, self.block)

    def write(self, table: str, partition: str, columns: dict[str, Any], count: int) -> None:
        """Write the rows of this block in one partition of a table."""
        write_table(self.folder, CATALOGUE.tables[table], partition, columns, count, self.block)
