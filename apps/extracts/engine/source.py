"""A source copy of the SNDS: a folder, or a prefix in an object store, of Parquet files described by SOURCE.json.

``SOURCE.json`` lists every file with its size, rows and SHA-256; the release is the hash of that list, so that a file
that is missing, truncated or changed is noticed and named, and nothing is ever computed from it::

    IR_BEN_R/part-0.parquet                       one folder a table, or
    ER_PRS_F/FLX_DIS_DTD=2021-01-01/part-0.parquet   one a month of flux (DCIR), or
    T_MCO21B/part-0.parquet                       one a year (PMSI)
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from .catalogue import Partitioning, Table
from .places import ObjectStat, Place
from .problems import SourceError
from .reading import JSON

DESCRIPTION = "SOURCE.json"
FORMAT = 1
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as SOURCE.json describes it; ``name`` is relative to the source."""

    name: str
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Source:
    """An opened source copy. ``synthetic`` says whether its people are invented."""

    folder: Place
    release: str
    synthetic: bool
    files: Mapping[str, SourceFile]

    @classmethod
    def open(cls, folder: Place) -> "Source":
        """Read SOURCE.json. Raises ``SourceError`` when it is missing, unreadable or contradicts its own release."""
        place = folder / DESCRIPTION
        try:
            facts = json.loads(place.read_bytes())
            files = {name: SourceFile(name, **described) for name, described in facts["files"].items()}
            source = cls(folder, facts["release"], facts["synthetic"], files)
        except FileNotFoundError:
            raise SourceError(str(place), "the source copy has no description; nothing can be read from it") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(str(place), f"the description of the source copy is unreadable ({error})") from error
        if release_of(source.files) != source.release:
            raise SourceError(str(place), "the list of files does not match the release")
        return source

    def partitions(self, table: Table) -> tuple[str, ...]:
        """The partitions of a table, in order: ``all``, years ``2021`` or months ``2021-01``."""
        found = {partition_of(table, name) for name in self.files}
        return tuple(sorted(partition for partition in found if partition))

    def files_of(self, table: Table, partition: str) -> tuple[SourceFile, ...]:
        """The files of one partition. Raises ``SourceError`` when there are none."""
        folder = table.folder(partition)
        if folder not in self._by_folder:
            raise SourceError(str(self.folder / folder), f"the source copy does not hold {table.name} {partition}")
        return self._by_folder[folder]

    @cached_property
    def _by_folder(self) -> Mapping[str, tuple[SourceFile, ...]]:
        """The files of each folder, in order: units ask thousands of times."""
        found: dict[str, list[SourceFile]] = {}
        for name in sorted(self.files):
            for folder in PurePosixPath(name).parents:
                found.setdefault(str(folder), []).append(self.files[name])
        return {folder: tuple(files) for folder, files in found.items()}

    def path(self, file: SourceFile) -> Place:
        """Where the file is."""
        return self.folder / file.name

    def check_content(self, file: SourceFile) -> None:
        """Read the whole file and compare it with its description. Raises ``SourceError``."""
        self.check_size(file)
        if sha256_of(self.path(file)) != file.sha256:
            raise SourceError(str(self.path(file)), "the content is not that of the release: the file was changed")

    def check_size(self, file: SourceFile) -> os.stat_result | ObjectStat:
        """Compare presence and size only. Raises ``SourceError``."""
        place = self.path(file)
        try:
            found = place.stat()
        except OSError:
            raise SourceError(str(place), "the file is missing from the source copy") from None
        if found.st_size != file.bytes:
            raise SourceError(str(place), f"{found.st_size} bytes instead of {file.bytes}: truncated or changed")
        return found


def partition_of(table: Table, file_name: str) -> str:
    """The partition of ``table`` that a file belongs to; an empty string when it is not a file of the table."""
    first, _, rest = file_name.partition("/")
    if table.partitioning is Partitioning.YEAR:
        before, after = table.name.split("aa")
        year = first.removeprefix(before).removesuffix(after)
        return f"20{year}" if len(year) == 2 and f"{before}{year}{after}" == first and year.isdigit() else ""
    if first != table.name:
        return ""
    if table.partitioning is Partitioning.FLUX_MONTH:
        return rest.partition("/")[0].removeprefix("FLX_DIS_DTD=")[:7]
    return WHOLE


def sha256_of(path: Place) -> str:
    """SHA-256 of a file, in hexadecimal, read block by block."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def release_of(files: Mapping[str, SourceFile]) -> str:
    """The release: SHA-256 of the sorted list of files and their hashes."""
    lines = "".join(f"{files[name].sha256} {files[name].bytes} {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def describe(folder: Path, *, synthetic: bool, facts: Mapping[str, JSON]) -> str:
    """Write SOURCE.json over the Parquet files of ``folder``; returns the release. ``facts`` tells how it was made."""
    files: dict[str, SourceFile] = {}
    for path in sorted(folder.rglob("*.parquet")):
        name = path.relative_to(folder).as_posix()
        files[name] = SourceFile(name, path.stat().st_size, sha256_of(path), pq.read_metadata(path).num_rows)
    described: dict[str, Any] = {
        "format": FORMAT,
        "release": release_of(files),
        "synthetic": synthetic,
        "made_by": dict(facts),
        "files": {
            name: {"bytes": file.bytes, "sha256": file.sha256, "rows": file.rows} for name, file in files.items()
        },
    }
    (folder / DESCRIPTION).write_text(json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return str(described["release"])
