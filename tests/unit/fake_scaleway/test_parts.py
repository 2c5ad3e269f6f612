"""The small parts of the fake: time, store, shapes, faults, limits, ledger, signatures."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.workspaces.fake_scaleway import persistence
from apps.workspaces.fake_scaleway.clock import RealClock, VirtualClock, parse_stamp, stamp, stamp_with_offset
from apps.workspaces.fake_scaleway.errors import ApiError
from apps.workspaces.fake_scaleway.faults import Fault, Faults
from apps.workspaces.fake_scaleway.ledger import scrubbed
from apps.workspaces.fake_scaleway.process import Options, read_setup, world_of
from apps.workspaces.fake_scaleway.products.catalog import machine_named
from apps.workspaces.fake_scaleway.s3 import sigv4
from apps.workspaces.fake_scaleway.seeds import seed
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record, Store
from apps.workspaces.fake_scaleway.world import World


def test_moments_are_written_as_each_generation_writes_them() -> None:
    moment = datetime(2027, 1, 2, 3, 4, 5, 678900, UTC).timestamp()

    assert stamp(moment) == "2027-01-02T03:04:05.678900Z"
    assert stamp_with_offset(moment) == "2027-01-02T03:04:05.678900+00:00"
    assert parse_stamp(stamp(moment)) == pytest.approx(moment)


def test_virtual_time_moves_with_requests_and_never_back() -> None:
    clock = VirtualClock(100.0, per_request=2.0)
    clock.on_request()
    clock.advance(3)

    assert clock.now() == 105.0
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_real_time_cannot_be_moved() -> None:
    clock = RealClock()
    clock.on_request()

    with pytest.raises(ValueError, match="virtual"):
        clock.advance(1)


def _world(start: float = 0.0) -> World:
    return World(clock=VirtualClock(start, per_request=0.0), seed=1)


def test_effects_happen_in_order_and_not_before_their_moment() -> None:
    world, seen = _world(), []
    record = world.store.add(Record("thing", "1", "", {}))
    world.store.schedule(record, 5.0, lambda w, r: seen.append("late"))
    world.store.schedule(record, 2.0, lambda w, r: seen.append("early"))

    world.store.settle(world, 1.0)
    assert (seen, world.store.next_due()) == ([], 2.0)
    world.store.settle(world, 9.0)
    assert (seen, world.store.next_due()) == (["early", "late"], None)


def test_nothing_happens_any_more_to_what_is_gone_or_interrupted() -> None:
    world, seen = _world(), []
    first, second = (world.store.add(Record("thing", name, "", {})) for name in ("1", "2"))
    for record in (first, second):
        world.store.schedule(record, 1.0, lambda w, r: seen.append(r.id))
    world.store.remove(first)
    world.store.interrupt(second)

    world.store.settle(world, 2.0)

    assert seen == []


def test_speed_divides_every_delay() -> None:
    world = World(clock=VirtualClock(0.0), speed=10.0)
    record = world.store.add(Record("thing", "1", "", {}))
    world.after("server.stopping", record, lambda w, r: None)

    assert world.store.next_due() == pytest.approx(1.5)


SHAPE = {
    "name": Take("text", "unnamed"),
    "size": Take("number"),
    "id": Take("id", required=True),
    "mode": Take("text", one_of=("a", "b")),
    "tags": Take("list", []),
}


def test_a_body_is_read_with_its_defaults() -> None:
    identifier = "11111111-1111-4111-8111-111111111111"

    values = read({"id": identifier, "tags": None, "unknown": 1}, SHAPE)

    assert values == {"name": "unnamed", "size": None, "id": identifier, "mode": None, "tags": []}


@pytest.mark.parametrize(
    ("body", "argument", "reason"),
    [
        ({}, "id", "required"),
        ({"id": "x"}, "id", "format"),
        ({"id": "11111111-1111-4111-8111-111111111111", "size": True}, "size", "format"),
        ({"id": "11111111-1111-4111-8111-111111111111", "name": 1}, "name", "format"),
        ({"id": "11111111-1111-4111-8111-111111111111", "mode": "c"}, "mode", "constraint"),
    ],
)
def test_every_misfit_is_named(body: dict[str, object], argument: str, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(body, SHAPE)

    details = refused.value.body["details"]  # type: ignore[index]
    assert [(item["argument_name"], item["reason"]) for item in details] == [(argument, reason)]


def test_a_change_reads_only_what_is_given() -> None:
    assert read_changes({"name": "new", "size": None}, SHAPE) == {"name": "new"}


def test_a_fault_counts_only_its_own_operation() -> None:
    faults = Faults()
    faults.load([{"operation": "vpc.*", "answer": "empty", "times": 2, "skip": 1}])

    struck = [faults.of(name) is not None for name in ("iam.get_user", "vpc.a", "vpc.b", "vpc.c", "vpc.d")]

    assert struck == [False, False, True, True, False]


def test_an_unknown_answer_is_no_fault() -> None:
    with pytest.raises(ValueError, match="unknown answer"):
        Fault("vpc.*", "explode")


def test_secrets_are_hidden_however_deep() -> None:
    value = {"a": [{"secret_key": "abc"}], "data": "hello", "name": "n", "plaintext": None}

    assert scrubbed(value) == {
        "a": [{"secret_key": "<hidden:3>"}],
        "data": "<hidden:5>",
        "name": "n",
        "plaintext": None,
    }


def test_sizes_are_read_from_the_names_that_tell_them() -> None:
    machine = machine_named("POP2-HM-4C-32G")

    assert machine is not None
    assert (machine.cpus, machine.memory, machine.arch) == (4, 32, "x86_64")
    assert machine_named("POP9-4C-32G") is None


EXAMPLE_HEADERS = {
    "host": "examplebucket.s3.amazonaws.com",
    "range": "bytes=0-9",
    "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "x-amz-date": "20130524T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
}


def _check_example(path: str = "/test.txt", body: bytes = b"", seconds: float = 0.0) -> None:
    credential = sigv4.credential_of(EXAMPLE_HEADERS, [])
    assert credential is not None
    sigv4.check(
        credential,
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        method="GET",
        raw_path=path,
        query=[],
        headers=EXAMPLE_HEADERS,
        body=body,
        now=datetime(2013, 5, 24, tzinfo=UTC).timestamp() + seconds,
    )


def test_the_published_example_of_a_signature_is_accepted() -> None:
    """The example "GET Object" of the specification of Signature Version 4 for object storage."""
    _check_example()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"path": "/other.txt"}, "SignatureDoesNotMatch"),
        ({"body": b"x"}, "XAmzContentSHA256Mismatch"),
        ({"seconds": 3600.0}, "RequestTimeTooSkewed"),
    ],
)
def test_anything_else_under_the_same_signature_is_refused(changed: dict[str, object], code: str) -> None:
    with pytest.raises(sigv4.SignatureError, match=code):
        _check_example(**changed)  # type: ignore[arg-type]


def test_a_streamed_body_loses_its_chunks() -> None:
    assert (
        sigv4.unchunked(b"4;chunk-signature=x\r\nabcd\r\n2\r\nef\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n")
        == b"abcdef"
    )


@pytest.mark.parametrize("header", ["AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=h"])
def test_an_unreadable_signature_is_refused(header: str) -> None:
    with pytest.raises(sigv4.SignatureError):
        sigv4.credential_of({"authorization": header}, [])


def test_the_account_survives_a_restart(tmp_path: Path) -> None:
    # Given an account with something under way
    path = tmp_path / "state"
    world = seed(_world(1000.0))
    record = world.store.add(Record("vpc", "1", "fr-par", {"name": "v"}, world.default_project, world.organization))
    world.store.schedule(record, 1010.0, _renamed)
    persistence.save(world, path)

    # When another process reads it, at an earlier moment of its own clock
    again = _world(0.0)
    assert persistence.load(again, path)
    again.clock.advance(20)
    again.settle()

    # Then keys, resources and what was under way are as they were
    assert (again.secret_key, again.organization) == (world.secret_key, world.organization)
    found = again.store.get("vpc", "1")
    assert found is not None
    assert found.body == {"name": "renamed"}
    assert path.stat().st_mode & 0o077 == 0


def _renamed(world: World, record: Record) -> None:
    record.body["name"] = "renamed"


def test_without_a_file_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert not persistence.load(_world(), tmp_path / "absent")


def test_options_describe_the_account(tmp_path: Path) -> None:
    setup = tmp_path / "faults.json"
    setup.write_text(
        '{"faults": [{"operation": "*", "answer": "empty"}], "quotas": {"vpc": 1}, "stock": {"DEV1-S": 0}}'
    )

    world = world_of(Options(port=0, clock="virtual", faults=setup, access_key="SCWX", secret_key="s"))

    assert (world.access_key, world.secret_key) == ("SCWX", "s")
    assert (world.limits.quotas["vpc"], world.limits.stock) == (1, {"DEV1-S": 0})
    assert [fault.operation for fault in world.faults.items] == ["*"]


@pytest.mark.parametrize("content", ["nonsense", '{"faults": [{"operation": "*"}]}', "5"])
def test_a_file_that_is_no_setup_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(content)

    with pytest.raises(ValueError, match="not a fault file"):
        read_setup(path)


def test_records_are_found_by_their_values() -> None:
    store = Store()
    store.add(Record("vpc", "1", "fr-par", {"name": "a"}))
    store.add(Record("vpc", "2", "nl-ams", {"name": "b"}))

    assert [record.id for record in store.where("vpc", name="b")] == ["2"]
    assert [record.id for record in store.all("vpc", "fr-par")] == ["1"]
    assert store.counts() == {"vpc": 2}
