"""The stand-alone commands: exit codes, messages, nothing written on refusal. None of them needs a database."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.unit.engine.conftest import DIABETES
from tests.unit.engine.test_definition import changed


@pytest.fixture
def place(source: Path, tmp_path: Path) -> Path:
    """A folder with a definition and a key."""
    (tmp_path / "definition.json").write_text(json.dumps(DIABETES))
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o600)
    return tmp_path


def run(place: Path, source: Path, **more: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    given = {"definition": place / "definition.json", "source": source, "out": place / "out", "key_file": place / "key"}
    call_command("extract_run", **{**given, **more}, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(place: Path, source: Path, **more: Any) -> str:
    with pytest.raises(CommandError) as caught:
        run(place, source, **more)
    assert caught.value.returncode == 2
    assert not (place / "out").exists()
    assert not (place / ".out.work").exists()
    return str(caught.value)


def test_a_definition_is_run_then_verified_then_left_alone(place: Path, source: Path) -> None:
    assert "delivered in" in run(place, source)[0]
    out = io.StringIO()
    call_command("extract_verify", str(place / "out"), stdout=out)
    assert "everything holds" in out.getvalue()
    assert "already" in run(place, source)[0]


def test_progress_is_said_when_asked_for(place: Path, source: Path) -> None:
    said, _ = run(place, source, verbosity=2)
    assert "cohort/1-of-1: " in said
    assert "table/IR_BEN_R/all: " in said


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("scope.tables", {"NOPE": ["A"]}, "unknown table “NOPE”"),
        ("scope.tables", {"IR_BEN_R": ["NOPE"]}, "unknown column “IR_BEN_R.NOPE”"),
        ("scope.tables", {"IR_BEN_R": ["BEN_NIR_PSA"]}, "BEN_NIR_PSA” identifies directly"),
        ("population.any_of.0.stay.diagnosis", ["Q99"], "no known code of ICD-10 matches “Q99”"),
        ("population.any_of.0.stay.diagnosis", ["E11.9"], "$.population.any_of[0].stay.diagnosis[0]"),
        ("schema_version", 9, "$.schema_version"),
    ],
)
def test_a_bad_definition_is_refused_with_its_reason(
    place: Path, source: Path, path: str, value: Any, words: str
) -> None:
    (place / "definition.json").write_text(json.dumps(changed(path, value)))
    assert words in refused(place, source)


def test_what_is_missing_is_named(place: Path, source: Path) -> None:
    assert "nowhere.json" in refused(place, source, definition=place / "nowhere.json")
    assert "nowhere" in refused(place, place / "nowhere")
    assert "nokey" in refused(place, source, key_file=place / "nokey")


def test_a_spoilt_source_is_named(place: Path, source: Path) -> None:
    spoilt = Path(shutil.copytree(source, place / "spoilt"))
    file = spoilt / "IR_IMB_R" / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:100])
    assert "IR_IMB_R/part-0.parquet" in refused(place, spoilt)


def test_a_key_that_others_read_gives_a_warning(place: Path, source: Path) -> None:
    (place / "key").chmod(0o644)
    assert "chmod 600" in run(place, source)[1]


def test_a_delivery_that_was_changed_does_not_verify(place: Path, source: Path) -> None:
    run(place, source)
    (place / "out" / "extra").write_text("x")
    with pytest.raises(CommandError, match="extra") as caught:
        call_command("extract_verify", str(place / "out"))
    assert caught.value.returncode == 1


def test_a_synthetic_source_is_made_once(tmp_path: Path) -> None:
    given = {"people": 100, "first_year": 2021, "last_year": 2021, "seed": 1, "out": tmp_path / "source"}
    out = io.StringIO()
    call_command("synthetic_snds", **given, stdout=out)
    assert "100 invented people" in out.getvalue()
    with pytest.raises(CommandError, match="not an empty folder") as caught:
        call_command("synthetic_snds", **given)
    assert caught.value.returncode == 2
