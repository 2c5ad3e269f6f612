"""Sources and deliveries in an object store: read and written like folders, against a real S3 server on loopback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from apps.extracts.engine import places
from apps.extracts.engine.nomenclature import load_nomenclature
from apps.extracts.engine.places import ObjectPath, place_of
from apps.extracts.engine.problems import DeliveryError, SourceError
from apps.extracts.engine.run import ExtractRun, discard, run_all, verify
from apps.extracts.engine.source import Source
from tests.support.object_store import download, upload
from tests.unit.engine.conftest import WOMEN
from tests.unit.engine.runs import content, do

Open = Callable[..., ExtractRun]


def test_what_comes_out_of_a_bucket_is_what_comes_out_of_a_folder(in_store: Open, source: Path, tmp_path: Path) -> None:
    run = in_store()
    run_all(run)
    run_all(in_store(source=source, out=tmp_path / "out"))
    assert run.delivered()
    assert verify(run.out) == ()
    assert content(download(run.out, tmp_path / "copy")) == content(tmp_path / "out")
    assert not list((tmp_path / "work").iterdir()), "no work is left behind"
    assert run_all(in_store()) is False, "delivered is delivered"


def test_the_commands_speak_of_buckets_too(
    bucket: ObjectPath, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    (tmp_path / "women.json").write_text(json.dumps(WOMEN))
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o600)
    out = str(bucket / "by-command")
    given = {"definition": tmp_path / "women.json", "source": bucket / "snds", "key_file": tmp_path / "key"}
    with pytest.raises(CommandError, match="work folder"):
        call_command("extract_run", out=place_of(out), **given)
    call_command("extract_run", out=place_of(out), work=tmp_path / "work", **given)
    call_command("extract_verify", out)
    assert "everything holds" in capsys.readouterr().out


def test_a_prefix_that_holds_something_else_is_left_alone(in_store: Open, bucket: ObjectPath, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    (in_store().out / "mine").put(tmp_path / "mine")
    with pytest.raises(DeliveryError, match="something else"):
        in_store()
    with pytest.raises(DeliveryError, match="work folder"):
        in_store(out=bucket / "nowhere", work=None)
    discard(bucket / "nowhere", tmp_path / "work")


def test_an_object_that_is_written_again_while_it_is_read_is_noticed(
    in_store: Open, bucket: ObjectPath, source: Path
) -> None:
    run = in_store(source=upload(source, bucket / "moving"))
    do(run, run.units[:3])
    object_ = bucket / "moving" / "IR_BEN_R" / "part-0.parquet"
    original = (source / "IR_BEN_R" / "part-0.parquet").read_bytes()
    changed = bytearray(original)
    changed[100] ^= 1
    file = run.workshop.temporary / "changed"
    file.write_bytes(changed)
    object_.put(file)
    with pytest.raises(SourceError, match="IR_BEN_R"):
        do(run, run.units)
    object_.unlink()
    with pytest.raises(SourceError, match="missing"):
        do(in_store(source=bucket / "moving", request_id="again"), run.units)


def test_a_bucket_without_a_source_is_told(in_store: Open, bucket: ObjectPath, source: Path) -> None:
    with pytest.raises(SourceError, match="no description"):
        in_store(source=bucket / "empty")
    with pytest.raises(SourceError, match="missing from the source"):
        load_nomenclature(bucket / "empty")
    assert load_nomenclature(bucket / "snds") == load_nomenclature(source)


def test_addresses_are_read_as_they_are_written(bucket: ObjectPath, tmp_path: Path) -> None:
    one = place_of("s3://hdh/snds/IR_BEN_R/part-0.parquet")
    assert isinstance(one, ObjectPath)
    assert (str(one), one.name, str(one.parent)) == (
        "s3://hdh/snds/IR_BEN_R/part-0.parquet",
        "part-0.parquet",
        "s3://hdh/snds/IR_BEN_R",
    )
    assert place_of(str(tmp_path)) == tmp_path
    assert Source.open(bucket / "snds").path(Source.open(bucket / "snds").files_of(_people(), "all")[0]) == one


def _people() -> Any:
    from apps.extracts.engine.catalogue import CATALOGUE

    return CATALOGUE.tables["IR_BEN_R"]


def test_an_object_is_read_by_ranges_from_anywhere(bucket: ObjectPath, source: Path) -> None:
    whole = (source / "IR_BEN_R" / "part-0.parquet").read_bytes()
    with (bucket / "snds" / "IR_BEN_R" / "part-0.parquet").open() as stream:
        stream.seek(-4, 2)
        assert stream.read() == b"PAR1"
        assert stream.read() == b""
        stream.seek(10)
        stream.seek(10, 1)
        assert stream.read(5) == whole[20:25]
        stream.seek(0)
        assert pq.read_metadata(stream).num_rows > 0


def test_what_the_store_refuses_is_told_in_words_of_files(bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        (bucket / "nothing").read_bytes()
    with pytest.raises(FileNotFoundError):
        (bucket / "nothing").stat()
    with pytest.raises(OSError, match=r"answered InvalidRange"):
        (bucket / "snds" / "SOURCE.json").read_range(10**9, 10**9 + 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    places._client.cache_clear()
    with pytest.raises(OSError, match="cannot be reached"):
        (bucket / "nothing").read_bytes()
    places._client.cache_clear()
