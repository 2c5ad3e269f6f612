"""Carrying out an extract: restartable, reproducible, silent about identifiers, honest about its source."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine import steps
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.problems import DeliveryError, EngineError, SourceError
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.run import (
    DuckDBEngine,
    EngineSettings,
    ExtractRun,
    UnitReport,
    discard,
    plan_units,
    run_all,
    run_unit,
    verify,
)
from apps.extracts.engine.source import describe
from apps.extracts.engine.units import Unit, UnitKind
from tests.unit.engine.conftest import DIABETES, KEY
from tests.unit.engine.test_definition import changed

Open = Callable[..., ExtractRun]


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_delivery_stands_with_its_manifest_and_leaves_no_work(opened: Open, tmp_path: Path) -> None:
    run = opened()
    assert run_all(run) is True
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert verify(run.out) == ()
    assert run.delivered()


def test_progress_names_every_unit_once(opened: Open) -> None:
    seen: list[tuple[UnitReport, int, int]] = []
    run = opened()
    run_all(run, lambda report, done, total: seen.append((report, done, total)))
    assert [report.unit for report, _, _ in seen] == list(run.units)
    assert [done for _, done, _ in seen] == list(range(1, len(run.units) + 1))
    assert {total for _, _, total in seen} == {len(run.units)}
    assert seen[-1][0].rows > 0
    assert seen[-1][0].bytes > 0
    assert len({str(unit) for unit in run.units}) == len(run.units)
    assert plan_units(run.definition, run.source.folder) == run.units


def test_running_again_does_nothing(opened: Open) -> None:
    run_all(opened())
    before = content(opened().out)
    assert run_all(opened()) is False
    assert run_unit(opened().units[0], opened()).skipped
    assert content(opened().out) == before


def test_threads_and_memory_do_not_change_a_byte(opened: Open, tmp_path: Path) -> None:
    run_all(opened())
    other = opened(out=tmp_path / "other", settings=EngineSettings(memory_limit="300MB", threads=4))
    run_all(other)
    assert content(other.out) == content(tmp_path / "out")


@pytest.mark.faults
def test_a_kill_at_any_boundary_ends_in_the_same_bytes(opened: Open, source: Path, tmp_path: Path) -> None:
    run_all(opened(out=tmp_path / "whole"))
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(f"""
        import json, os, signal, sys
        from pathlib import Path
        from apps.extracts.engine.definition import Definition
        from apps.extracts.engine.pseudonyms import ProjectKey
        from apps.extracts.engine.run import ExtractRun, run_all
        from apps.extracts.engine.workshop import Workshop
        stop, count, keep = int(sys.argv[1]), 0, Workshop.keep
        def killed(*arguments):
            global count
            count += 1
            if count == stop:
                os.kill(os.getpid(), signal.SIGKILL)
            result = keep(*arguments)
            if count == stop - 1 and stop % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        Workshop.keep = killed
        definition = Definition.from_json(json.loads({json.dumps(json.dumps(DIABETES))}))
        key = ProjectKey(bytes(range(32)))
        source, out = Path({str(source)!r}), Path({str(tmp_path / "out")!r})
        run = ExtractRun.open(definition, source=source, out=out, key=key, request_id="r1")
        run_all(run)
        print(count)
        """)
    )
    root = Path(__file__).parents[3]
    for stop in (3, 20, 21, 10, 1, 0):
        done = subprocess.run(
            [sys.executable, str(script), str(stop)],
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            check=False,
            text=True,
        )
        if stop:
            assert done.returncode == -signal.SIGKILL, done.stderr
            assert not (tmp_path / "out").exists()
    assert done.returncode == 0, done.stderr
    assert 0 < int(done.stdout) < len(opened(out=tmp_path / "fresh").units) - 40
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_result_whose_file_was_lost_is_made_again(opened: Open) -> None:
    run = opened()
    do(run, run.units[:-1])
    lost, cut = run.units[-2], run.units[-3]
    run.workshop.file(lost).unlink()
    run.workshop.file(cut).write_bytes(b"PAR1")
    assert [run_unit(unit, run).skipped for unit in (lost, cut, run.units[-4])] == [False, False, True]
    run_unit(run.units[-1], run)
    assert verify(run.out) == ()


def test_publishing_waits_for_every_unit(opened: Open) -> None:
    run = opened()
    do(run, run.units[:-2])
    with pytest.raises(EngineError, match=run.units[-2].name):
        run_unit(run.units[-1], run)
    assert not run.out.exists()


def test_a_delivery_that_does_not_verify_is_not_published(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened()
    do(run, run.units[:-1])
    delivered = run.workshop.file(run.units[-2])
    spoilt = bytearray(delivered.read_bytes())
    spoilt[10] ^= 1
    delivered.write_bytes(spoilt)
    with pytest.raises(EngineError, match="hash of the file"):
        run_unit(run.units[-1], run)
    assert not run.out.exists()


def test_a_worker_overtaken_by_another_has_nothing_left_to_do(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    late, first = opened(), opened()
    do(late, late.units[:5])
    step = steps.STEPS[late.units[5].kind]

    def overtaken(job: Any) -> Any:
        monkeypatch.undo()
        run_all(first)
        return step(job)

    monkeypatch.setitem(dict_of_steps(), late.units[5].kind, overtaken)
    assert run_unit(late.units[5], late).skipped
    assert verify(late.out) == ()


def dict_of_steps() -> dict[Any, Any]:
    return steps.STEPS  # type: ignore[return-value]


def test_the_work_folder_is_closed_to_others_and_can_be_discarded(opened: Open) -> None:
    run = opened()
    run_unit(run.units[0], run)
    assert run.workshop.root.stat().st_mode & 0o077 == 0
    discard(run.out)
    assert not run.workshop.root.exists()


def test_work_for_another_key_is_not_taken_up(opened: Open) -> None:
    run = opened()
    do(run, run.units[:10])
    other = opened(key=ProjectKey(bytes(range(1, 33))))
    assert run_unit(other.units[0], other).skipped is False


def test_a_place_that_holds_something_else_is_refused(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    opened()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(DeliveryError, match="something else"):
        opened()
    shutil.rmtree(tmp_path / "out")
    run_all(opened())
    with pytest.raises(DeliveryError, match="something else"):
        opened(request_id="another")
    with pytest.raises(DeliveryError, match="something else"):
        opened(out=tmp_path / "out" / "manifest.json")


def do(run: ExtractRun, units: Sequence[Unit]) -> None:
    """Do some units with one engine."""
    run.workshop.prepare()
    with DuckDBEngine(run.settings, run.workshop.temporary) as engine:
        for unit in units:
            run_unit(unit, run, engine)


# --- privacy ---


def identifiers(source: Path) -> set[str]:
    """Every source identifier of a person, hospital or professional, as text."""
    names = {"BEN_NIR_PSA", "BEN_NIR_ANO", "BEN_IDT_ANO", "ETA_NUM", "PFS_EXE_NUM", "DCD_IDT_ENC", "ORG_CLE_NUM"}
    found: set[str] = set()
    for table in CATALOGUE.tables.values():
        for column in table.source_columns:
            if column.name in names:
                pattern = f"{source}/{table.name.replace('aa', '*')}/**/*.parquet"
                with duckdb.connect() as connection:
                    rows = connection.read_parquet(pattern).select(column.name).distinct().fetchall()
                found |= {str(value) for (value,) in rows if value is not None}
    return found


def test_only_asked_columns_are_delivered_and_no_identifier_anywhere(opened: Open, source: Path) -> None:
    run = opened()
    run_all(run)
    known = identifiers(source)
    assert len(known) > 900
    for file in run.out.rglob("*.parquet"):
        asked = set(DIABETES["scope"]["tables"][file.parent.name])  # type: ignore[index]
        table = pq.read_table(file)
        assert set(table.column_names) - {"PATIENT_ID", "CLAIM_ID", "STAY_ID"} == asked
        values = {str(value) for column in table.columns for value in column.to_pylist()}
        assert not values & known
    texts = (run.out / "manifest.json").read_text() + (run.out / "README.md").read_text()
    assert not [value for value in known if value in texts]


def test_pseudonyms_join_tables_and_differ_between_projects(opened: Open, tmp_path: Path) -> None:
    run_all(opened())
    run_all(opened(out=tmp_path / "other", key=ProjectKey(bytes(range(1, 33)))))

    def values(folder: str, table: str, column: str) -> set[Any]:
        files = (tmp_path / folder / table).iterdir()
        return {value for file in files for value in pq.read_table(file).column(column).to_pylist()}

    assert values("out", "ER_PHA_F", "CLAIM_ID") <= values("out", "ER_PRS_F", "CLAIM_ID")
    assert values("out", "ER_PRS_F", "PATIENT_ID") <= values("out", "IR_BEN_R", "PATIENT_ID")
    for full in (
        "IR_BEN_R.PATIENT_ID",
        "ER_PRS_F.CLAIM_ID",
        "T_MCOaaB.STAY_ID",
        "T_MCOaaB.ETA_ID",
        "ER_PRS_F.PFS_EXE_ID",
    ):
        table, _, column = full.partition(".")
        mine, theirs = values("out", table, column), values("other", table, column)
        assert mine
        assert len(mine) == len(theirs)
        assert not mine & theirs


def test_the_key_reaches_no_statement_and_no_file(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    write, bind, batches = DuckDBEngine.write, DuckDBEngine.bind, DuckDBEngine.batches
    monkeypatch.setattr(DuckDBEngine, "write", lambda self, sql, path: (said.append(sql), write(self, sql, path))[1])
    monkeypatch.setattr(DuckDBEngine, "bind", lambda self, *given: (said.append(repr(given)), bind(self, *given))[1])
    monkeypatch.setattr(DuckDBEngine, "batches", lambda self, sql: (said.append(sql), batches(self, sql))[1])
    run = opened()
    do(run, run.units[:-1])
    secrets = [KEY._secret, *(KEY._key_of(kind) for kind in steps.Kind)]
    forms = [form for secret in secrets for form in (secret.hex(), repr(secret), str(secret))]
    assert len(said) > 50
    assert not [form for form in forms for text in said if form in text]
    for file in run.workshop.folder.rglob("*"):
        if file.is_file():
            assert not [secret for secret in secrets if secret in file.read_bytes()]
    assert KEY._secret.hex() not in repr(run)


# --- source ---


@pytest.fixture
def spoilt(source: Path, tmp_path: Path) -> Path:
    """A copy of the source that a test may spoil."""
    return Path(shutil.copytree(source, tmp_path / "spoilt"))


def refused(run: Callable[[], Any], name: str) -> None:
    with pytest.raises(SourceError, match=name) as caught:
        run()
    assert name in caught.value.file


def test_a_missing_file_is_named_and_nothing_is_delivered(opened: Open, spoilt: Path, tmp_path: Path) -> None:
    (spoilt / "T_MCO21D" / "part-0.parquet").unlink()
    refused(lambda: run_all(opened(source=spoilt)), "T_MCO21D/part-0.parquet")
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_is_named(opened: Open, spoilt: Path) -> None:
    file = spoilt / "IR_BEN_R" / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:-7])
    refused(lambda: run_all(opened(source=spoilt)), "IR_BEN_R/part-0.parquet")


def test_a_changed_file_of_the_same_size_is_named(opened: Open, spoilt: Path) -> None:
    file = spoilt / "ER_PRS_F" / "FLX_DIS_DTD=2021-12-01" / "part-0.parquet"
    found = bytearray(file.read_bytes())
    found[len(found) // 2] ^= 1
    file.write_bytes(found)
    refused(lambda: run_all(opened(source=spoilt)), "FLX_DIS_DTD=2021-12-01/part-0.parquet")


def test_a_file_that_moves_while_the_extract_is_made_is_named(opened: Open, spoilt: Path) -> None:
    run = opened(source=spoilt)
    events = next(unit for unit in run.units if unit.kind is UnitKind.EVENTS and unit.table == "ER_PHA_F")
    do(run, run.units[: run.units.index(events)])
    file = spoilt / "IR_PHA_R" / "part-0.parquet"
    os.utime(file, ns=(1, 1))
    refused(lambda: run_unit(events, run), "IR_PHA_R/part-0.parquet")


def test_a_file_that_vanishes_while_the_extract_is_made_is_named(opened: Open, spoilt: Path) -> None:
    run = opened(source=spoilt)
    unit = next(unit for unit in run.units if unit.kind is UnitKind.IDENTITIES)
    do(run, run.units[: run.units.index(unit)])
    (spoilt / "IR_BEN_R" / "part-0.parquet").write_bytes(b"")
    refused(lambda: run_unit(unit, run), "IR_BEN_R/part-0.parquet")


def test_an_error_that_is_not_the_source_s_is_itself(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened()
    unit = next(unit for unit in run.units if unit.kind is UnitKind.IDENTITIES)
    do(run, run.units[: run.units.index(unit)])

    def full(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(DuckDBEngine, "write", full)
    with pytest.raises(OSError, match="no space"):
        run_unit(unit, run)
    assert list(run.workshop.temporary.iterdir()) == []


def rewritten(spoilt: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> Path:
    file = spoilt / name / "part-0.parquet"
    pq.write_table(change(pq.read_table(file)), file)
    describe(spoilt, synthetic=True, facts={})
    return spoilt


def test_a_missing_column_is_named(opened: Open, spoilt: Path) -> None:
    rewritten(spoilt, "IR_BEN_R", lambda table: table.drop_columns("BEN_SEX_COD"))
    with pytest.raises(SourceError, match=r"IR_BEN_R.*the column BEN_SEX_COD is missing"):
        run_all(opened(source=spoilt))


def test_a_column_of_another_type_is_named(opened: Open, spoilt: Path) -> None:
    def as_text(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("BEN_NAI_ANN")
        return table.set_column(place, "BEN_NAI_ANN", table.column("BEN_NAI_ANN").cast(pa.string()))

    rewritten(spoilt, "IR_BEN_R", as_text)
    with pytest.raises(SourceError, match="the column BEN_NAI_ANN holds string, not int64"):
        run_all(opened(source=spoilt))


def test_smaller_numbers_and_times_stand_for_their_types(opened: Open, spoilt: Path, tmp_path: Path) -> None:
    def narrow(table: pa.Table) -> pa.Table:
        kinds = {"BEN_NAI_ANN": pa.int16(), "BEN_DCD_DTE": pa.timestamp("us"), "BEN_NIR_PSA": pa.large_string()}
        return table.cast(pa.schema([(field.name, kinds.get(field.name, field.type)) for field in table.schema]))

    run_all(opened())
    rewritten(spoilt, "IR_BEN_R", narrow)
    run_all(opened(source=spoilt, out=tmp_path / "narrow"))
    name = "IR_BEN_R/all.parquet"
    assert content(tmp_path / "narrow")[name] == content(tmp_path / "out")[name]


def test_a_file_that_is_not_parquet_is_named(opened: Open, spoilt: Path, source: Path) -> None:
    file = spoilt / "KI_CCI_R" / "part-0.parquet"
    described = json.loads((spoilt / "SOURCE.json").read_text())
    run = opened(source=spoilt)
    file.write_bytes(b"not parquet")
    from apps.extracts.engine.source import Source, SourceFile, release_of

    files = {name: SourceFile(name, **facts) for name, facts in described["files"].items()}
    name = "KI_CCI_R/part-0.parquet"
    files[name] = SourceFile(name, 11, hashlib.sha256(b"not parquet").hexdigest(), 0)
    run = ExtractRun(
        run.definition, Source(spoilt, release_of(files), True, files), run.out, KEY, "r", run.settings, run.units
    )
    with pytest.raises(SourceError, match="not a readable Parquet file"):
        run_unit(Unit(UnitKind.SOURCE, "KI_CCI_R", "all"), run)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no description"),
        ("{", "unreadable"),
        ("[]", "unreadable"),
        ('{"files": {}}', "unreadable"),
        ('{"files": {}, "release": "x", "synthetic": true}', "does not match the release"),
    ],
)
def test_a_source_without_a_sound_description_is_refused(
    opened: Open, spoilt: Path, text: str | None, words: str
) -> None:
    place = spoilt / "SOURCE.json"
    place.unlink() if text is None else place.write_text(text)
    with pytest.raises(SourceError, match=words):
        opened(source=spoilt)


def test_a_table_that_the_source_does_not_hold_is_named(opened: Open, spoilt: Path) -> None:
    shutil.rmtree(spoilt / "KI_CCI_R")
    describe(spoilt, synthetic=True, facts={})
    refused(lambda: opened(source=spoilt), "KI_CCI_R")
    shutil.rmtree(spoilt / "T_MCO21B")
    describe(spoilt, synthetic=True, facts={})
    definition = Definition.from_json(changed("scope.tables", {"IR_BEN_R": ["BEN_SEX_COD"]}))
    refused(lambda: run_all(opened(source=spoilt, definition=definition)), "T_MCO21B")


def test_a_folder_that_looks_like_a_year_is_not_one(spoilt: Path) -> None:
    from apps.extracts.engine.source import partition_of

    table = CATALOGUE.tables["T_MCOaaB"]
    names = ["T_MCO21B/x", "T_MCO2021B/x", "T_MCOxxB/x", "T_MCO21BIS/x", "OTHER/x"]
    assert [partition_of(table, name) for name in names] == ["2021", "", "", "", ""]


def test_a_pseudonym_column_without_a_kind_is_refused(opened: Open) -> None:
    run = opened()
    job_of = __import__("apps.extracts.engine.run", fromlist=["_job"])._job
    with (
        DuckDBEngine(run.settings, run.workshop.temporary) as engine,
        pytest.raises(EngineError, match="not a pseudonym"),
    ):
        steps._bind_surrogates(job_of(run.units[-2], run, engine), CATALOGUE.tables["ER_PRS_F"], "DPN_QLF", "DPN_QLF")
