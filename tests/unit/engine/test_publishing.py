"""A delivery takes its place in an object store file by file, and is none until its manifest stands there."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.extracts.engine import places
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.places import ObjectPath, files_under
from apps.extracts.engine.problems import DeliveryError, EngineError
from apps.extracts.engine.publishing import UNFINISHED, Shelf, withdraw
from apps.extracts.engine.run import ExtractRun, run_all, run_unit, verify
from apps.extracts.engine.units import Unit, UnitKind
from tests.support.object_store import download, object_store
from tests.unit.engine.runs import content, do

Open = Callable[..., ExtractRun]
ROOT = Path(__file__).parents[3]


TWO_TABLES = {
    "schema_version": 1,
    "title": "Femmes",
    "population": {"sex": "female"},
    "scope": {
        "tables": {"IR_BEN_R": ["BEN_SEX_COD"], "IR_PHA_R": ["PHA_CIP_C13"]},
        "period": {"from": "2021-12-01", "to": "2021-12-31"},
    },
}


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectPath]:
    with object_store("deliveries") as bucket:
        yield bucket


@pytest.fixture
def to_store(opened: Open, store: ObjectPath, tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Open the run of two small tables, from a folder into a prefix of its own."""

    def run(**changes: Any) -> ExtractRun:
        given = {"out": store / request.node.name, "work": tmp_path / "work", **changes}
        return opened(definition=Definition.from_json(TWO_TABLES), **given)

    return run


def uploads(run: ExtractRun) -> list[Unit]:
    return [unit for unit in run.units if unit.kind is UnitKind.UPLOAD]


def before(run: ExtractRun, kind: UnitKind) -> list[Unit]:
    """The units of the plan before the first of a kind."""
    return list(run.units[: next(place for place, unit in enumerate(run.units) if unit.kind is kind)])


def shelf_of(run: ExtractRun) -> Shelf:
    assert run.shelf is not None
    return run.shelf


def test_each_delivered_file_is_put_in_its_place_by_a_unit_of_its_own(to_store: Open, opened: Open) -> None:
    run = to_store()
    do(run, before(run, UnitKind.UPLOAD))
    assert files_under(run.out) == ()
    first, *_ = uploads(run)
    report = run_unit(first, run)
    assert report.bytes == run.workshop.file(Unit(UnitKind.TABLE, *name_of(first))).stat().st_size > 0
    assert files_under(run.out) == (f"{first.table}/{first.partition}.parquet", UNFINISHED)
    assert not run.delivered()
    assert run_unit(first, run).skipped
    with pytest.raises(EngineError, match="not done"):
        run_unit(Unit(UnitKind.UPLOAD, "IR_BEN_R", "never"), run)
    assert not any(unit.kind is UnitKind.UPLOAD for unit in opened().units), "a folder appears at once"


def name_of(unit: Unit) -> tuple[str, str]:
    return unit.table, unit.partition


def test_what_was_lost_or_spoilt_on_the_way_is_put_again_and_what_is_too_much_is_removed(
    to_store: Open, tmp_path: Path
) -> None:
    run = to_store()
    do(run, run.units[:-1])
    (run.out / "IR_BEN_R" / "all.parquet").unlink()
    (run.out / "IR_PHA_R" / "all.parquet").write_bytes(b"spoilt")
    (run.out / "stray").write_bytes(b"of a worker that had been given up")
    run_unit(run.units[-1], run)
    assert verify(run.out) == ()
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.faults
def test_a_kill_while_the_files_are_put_ends_in_the_same_bytes(
    to_store: Open, store: ObjectPath, tmp_path: Path
) -> None:
    whole = to_store(out=store / "whole", work=tmp_path / "other")
    run_all(whole)
    run = to_store()
    do(run, before(run, UnitKind.UPLOAD))
    for stop in (2, 4):  # the second file, then the third of the documents
        assert killed_at(run, stop, tmp_path).returncode == -signal.SIGKILL
        assert not run.delivered()
    run_all(run)
    assert verify(run.out) == ()
    copies = [content(download(one.out, tmp_path / one.out.name)) for one in (run, whole)]
    assert copies[0] == copies[1]


def killed_at(run: ExtractRun, stop: int, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Go on in a process of its own that dies when it is about to put so many files."""
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from apps.extracts.engine.definition import Definition
        from apps.extracts.engine.places import ObjectPath, place_of
        from apps.extracts.engine.run import ExtractRun, run_all
        from apps.extracts.engine.pseudonyms import ProjectKey
        left, put = int(sys.argv[1]), ObjectPath.put
        def killed(*arguments):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            put(*arguments)
        ObjectPath.put = killed
        source, out, work = (place_of(one) for one in {[str(run.source.folder), str(run.out), str(run.home)]!r})
        given = dict(key=ProjectKey(bytes(range(32))), request_id={run.request_id!r}, source=source, out=out, work=work)
        run_all(ExtractRun.open(Definition.from_json({TWO_TABLES!r}), **given))
        """)
    )
    given = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, str(script), str(stop)], env=given, capture_output=True, check=False, text=True, cwd=ROOT
    )


def test_a_half_published_delivery_is_somebody_elses_unless_it_is_of_the_same_request(to_store: Open) -> None:
    run = to_store()
    do(run, run.units[:-1])
    with pytest.raises(DeliveryError, match="something else"):
        to_store(request_id="another")
    again = to_store(key=type(run.key)(bytes(range(1, 33))))
    run_all(again)
    assert verify(again.out) == ()
    with pytest.raises(DeliveryError, match="something else"):
        to_store()


def test_nobody_is_taken_for_the_author_of_what_was_begun_for_no_request(to_store: Open) -> None:
    run = to_store(request_id="")
    do(run, run.units[:-1])
    with pytest.raises(DeliveryError, match="something else"):
        to_store(request_id="", key=type(run.key)(bytes(range(1, 33))))
    run_all(to_store(request_id=""))
    assert verify(run.out) == ()


def test_a_note_left_by_a_death_in_the_last_moment_is_removed(to_store: Open, tmp_path: Path) -> None:
    run = to_store()
    run_all(run)
    (run.out / UNFINISHED).write_bytes(b"{}")
    run.workshop.prepare()
    assert run_all(to_store()) is False
    assert verify(run.out) == ()
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize("published", [True, False])
def test_what_is_withdrawn_leaves_nothing(to_store: Open, published: bool, tmp_path: Path) -> None:
    run = to_store()
    do(run, run.units if published else run.units[:-1])
    client, parts = places._client(), {"Bucket": run.out.bucket, "Key": f"{run.out.key}/half"}
    client.create_multipart_upload(**parts)
    withdraw(run.out, "another", tmp_path / "elsewhere")
    assert files_under(run.out)
    withdraw(run.out, run.request_id, run.home)
    assert files_under(run.out) == ()
    assert not client.list_multipart_uploads(Bucket=run.out.bucket).get("Uploads")
    assert not list(run.home.iterdir())
    withdraw(run.out, run.request_id, run.home)


def test_a_withdrawal_that_was_cut_short_is_finished(to_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = to_store()
    run_all(run)
    unlink, gone = ObjectPath.unlink, []

    def dies(self: ObjectPath) -> None:
        if len(gone) == 2:
            raise OSError("no route to host")
        gone.append(self.name)
        unlink(self)

    with monkeypatch.context() as patched:
        patched.setattr(ObjectPath, "unlink", dies)
        with pytest.raises(OSError, match="no route"):
            withdraw(run.out, run.request_id, run.home)
    assert not run.delivered(), "the manifest goes first"
    withdraw(run.out, run.request_id, run.home)
    assert files_under(run.out) == ()


def test_a_worker_that_was_given_up_leaves_nothing_in_a_place_that_was_taken_back(
    to_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to_store()
    do(run, before(run, UnitKind.UPLOAD))
    put = ObjectPath.put

    def withdrawn_meanwhile(self: ObjectPath, file: Path, sha256: str = "") -> None:
        put(self, file, sha256)
        shelf_of(run).withdraw()
        put(self, file, sha256)

    monkeypatch.setattr(ObjectPath, "put", withdrawn_meanwhile)
    with pytest.raises(DeliveryError, match="taken back"):
        run_unit(uploads(run)[0], run)
    assert files_under(run.out) == ()
    with pytest.raises(DeliveryError, match="removed"):
        shelf_of(run).put("x", run.home / "nowhere", "")
    assert files_under(run.out) == ()


def test_a_worker_that_is_late_takes_nothing_from_a_delivery_that_stands(
    to_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to_store()
    do(run, run.units[:-1])
    put, late = ObjectPath.put, uploads(run)[0]
    file = run.workshop.file(Unit(UnitKind.TABLE, *name_of(late)))
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())

    def published_meanwhile(self: ObjectPath, file: Path, sha256: str = "") -> None:
        monkeypatch.undo()
        copy.rename(run.home / "copy")
        run_all(to_store())
        put(self, run.home / "copy", sha256)

    monkeypatch.setattr(ObjectPath, "put", published_meanwhile)
    shelf_of(run).put("IR_BEN_R/all.parquet", copy, "of the late one")
    assert run.delivered()
    assert verify(run.out) == ()


def test_a_store_that_does_not_answer_is_no_empty_place(to_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = to_store()

    def away(*_: Any) -> bytes:
        raise OSError("no route to host")

    monkeypatch.setattr(ObjectPath, "read_bytes", away)
    with pytest.raises(OSError, match="no route"):
        withdraw(run.out, run.request_id, run.home)
    with pytest.raises(OSError, match="no route"):
        run.delivered()


def test_a_folder_that_is_withdrawn_is_no_delivery_any_more_at_once(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = opened()
    run_all(run)
    withdraw(run.out, "another")
    assert run.delivered()
    withdraw(run.out, run.request_id)
    assert list(tmp_path.iterdir()) == []
