"""Random draws that depend on nothing but the seed and what they are for."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[Any]
Days = npt.NDArray[np.datetime64]

SUBJECTS = (
    "people",
    "identities",
    "conditions",
    "residence",
    "long term",
    "care",
    "stays",
    "deaths",
    "drugs",
    "reversals",
    "units",
)
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)


def generator(seed: int, subject: str, period: int = 0, block: int = 0) -> np.random.Generator:
    """The generator of a subject for a period (a month or year number) in a block of people."""
    return np.random.default_rng([seed, SUBJECTS.index(subject), period, *([block] if block else [])])


def identifiers(draw: np.random.Generator, count: int, length: int) -> Texts:
    """Random identifiers of ``length`` letters and digits."""
    letters = _ALPHABET[draw.integers(0, len(_ALPHABET), size=(count, length))]
    return np.ascontiguousarray(letters).view(f"S{length}").ravel().astype(f"U{length}")


def days_in_month(draw: np.random.Generator, first: np.datetime64, count: int) -> Days:
    """Random days of the month that begins on ``first``."""
    after = (first.astype("datetime64[M]") + 1).astype("datetime64[D]")
    length = int((after - first.astype("datetime64[D]")).astype(int))
    return np.asarray(first.astype("datetime64[D]") + draw.integers(0, length, size=count))


def padded(numbers: Ints, width: int) -> Texts:
    """Numbers in text with zeros in front."""
    return np.char.mod(f"%0{width}d", numbers)


def year_months(days: Days) -> Texts:
    """``YYYYMM`` of each day: each month is written once, texts are a seventh of the work otherwise."""
    months = days.astype("datetime64[M]").astype(np.int64)
    first, last = months.min(initial=0), months.max(initial=0)
    known = np.arange(first, last + 1)
    return np.asarray(padded((1970 + known // 12) * 100 + known % 12 + 1, 6)[months - first])
