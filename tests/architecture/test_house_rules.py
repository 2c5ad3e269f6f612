"""What every file of the house keeps to. A failure names the file and what to do."""

import re
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import (
    APPS,
    REPOSITORY,
    engine_files,
    functions,
    imports,
    python_files,
    rule_files,
    shown,
)

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
ENGINE_LIBRARIES = {"ibis", "duckdb", "numpy", "pyarrow", "sqlglot", "cryptography", "jsonschema"} | {
    # Object stores, and Spark, which is imported by its backend alone.
    *("boto3", "botocore", "fsspec"),
    *("pyspark", "py4j"),
}
# A part of a person's machine in a committed file would be wrong on every other one.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work/|root/|home/(?!researcher))\w")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
THIS_FILE = Path(__file__)


def sources() -> list[Path]:
    return [file for file in python_files() if file != THIS_FILE]


def test_there_is_something_to_check() -> None:
    assert len(sources()) > 100
    assert len(APPS) >= 9
    assert rule_files()
    assert engine_files()


def test_files_stay_short() -> None:
    lengths = {shown(file): len(file.read_text().splitlines()) for file in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    long = {
        f"{shown(file)}: {name}": lines
        for file in sources()
        for name, lines in functions(file)
        if lines > LONGEST_FUNCTION
    }
    assert long == {}


def test_nothing_is_left_unfinished() -> None:
    assert [shown(file) for file in sources() if UNFINISHED.search(file.read_text())] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    texts = [
        file
        for pattern in ("templates/**/*", "static/**/*.js", "static/**/*.css", "docs/**/*", "docker/**/*", "*.*")
        for file in REPOSITORY.glob(pattern)
        if file.is_file() and file.suffix in {".py", ".html", ".js", ".css", ".md", ".toml", ".txt", ".po"}
    ]
    assert [shown(file) for file in [*texts, *sources()] if MACHINE_PATHS.search(file.read_text())] == []


@pytest.mark.parametrize("file", engine_files(), ids=lambda file: file.stem)
def test_the_engine_is_a_library(file: Path) -> None:
    foreign = [
        name
        for name in imports(file)
        if name.partition(".")[0] not in sys.stdlib_module_names | ENGINE_LIBRARIES
        and not name.startswith("apps.extracts.engine")
    ]
    assert foreign == []


def test_models_have_no_side_effects() -> None:
    overriding = [
        shown(file)
        for app in APPS
        for file in [*app.glob("models.py"), *app.glob("models/*.py")]
        if re.search(r"^    def (save|delete)\(|django\.db\.models\.signals", file.read_text(), re.MULTILINE)
    ]
    assert overriding == []
