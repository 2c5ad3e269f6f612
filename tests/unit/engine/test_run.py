"""Carrying out an extract: restartable, reproducible, silent about identifiers, honest about its source."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine import steps
from apps.extracts.engine.backends.duckdb import DuckDBEngine
from apps.extracts.engine.catalogue import CATALOGUE, Kind
from apps.extracts.engine.problems import DeliveryError, EngineError
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.run import (
    EngineSettings,
    ExtractRun,
    UnitReport,
    discard,
    plan_units,
    run_all,
    run_unit,
    verify,
)
from apps.extracts.engine.units import UnitKind
from tests.unit.engine.conftest import DIABETES, KEY
from tests.unit.engine.runs import content, do

Open = Callable[..., ExtractRun]


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
def test_many_small_buckets_of_persons_and_events_change_no_byte(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all(opened())
    monkeypatch.setattr("apps.extracts.engine.units.BUCKET", 200)
    monkeypatch.setattr("apps.extracts.engine.units.LINES", 700)
    monkeypatch.setattr("apps.extracts.engine.units.IDENTITIES", 150)
    run = opened(out=tmp_path / "again")
    kinds = Counter(unit.kind for unit in run.units)
    assert kinds[UnitKind.MATCHED] > kinds[UnitKind.COHORT] > 1
    assert kinds[UnitKind.IDENTITIES] == kinds[UnitKind.PEOPLE] == kinds[UnitKind.MEMBERS] > 1
    run_all(run)
    assert content(tmp_path / "again") == content(tmp_path / "out")


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
    *_, whole, cut, lost = (unit for unit in run.units if unit.kind is UnitKind.TABLE)
    run.workshop.file(lost).unlink()
    run.workshop.file(cut).write_bytes(b"PAR1")
    assert [run_unit(unit, run).skipped for unit in (lost, cut, whole)] == [False, False, True]
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
    delivered = run.workshop.file([unit for unit in run.units if unit.kind is UnitKind.TABLE][-1])
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


def test_the_key_reaches_no_statement_plan_file_process_list_or_child(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    copy, bind, materialise = DuckDBEngine._copy, DuckDBEngine.bind, DuckDBEngine.materialise

    def copied(self: DuckDBEngine, sql: str, path: Path) -> int:
        said.extend([self._whole(sql), str(self._connection.execute(f"EXPLAIN {self._whole(sql)}").fetchall())])
        return copy(self, sql, path)

    monkeypatch.setattr(DuckDBEngine, "_copy", copied)

    def bound(self: DuckDBEngine, *given: Any, **options: Any) -> None:
        said.append(repr((given, options)))
        bind(self, *given, **options)

    monkeypatch.setattr(DuckDBEngine, "bind", bound)
    monkeypatch.setattr(
        DuckDBEngine, "materialise", lambda self, *given: (said.append(repr(given)), materialise(self, *given))[1]
    )
    run = opened()
    do(run, run.units[:-1])
    secrets = [KEY._secret, *(KEY._key_of(kind) for kind in Kind)]
    forms = [form for secret in secrets for form in (secret.hex(), repr(secret), str(secret))]
    assert len(said) > 50
    assert not [form for form in forms for text in said if form in text]
    for file in run.workshop.folder.rglob("*"):
        if file.is_file():
            assert not [secret for secret in secrets if secret in file.read_bytes()]
    assert KEY._secret.hex() not in repr(run)
    child = subprocess.run(["/usr/bin/env"], capture_output=True, text=True, check=True).stdout
    listed = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [form for form in forms if form in child]
    assert not [secret for secret in secrets for line in listed if secret in line or secret.hex().encode() in line]
