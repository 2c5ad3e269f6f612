"""Data moves block by block to the workspace's own bucket, is checked at both ends, goes on where it stopped, and
nothing but listing and reading ever reaches the previous platform."""

import hashlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.audit.keys import key_init
from apps.audit.models import Event
from apps.core.rules import Role
from apps.relocation import copying, rules
from apps.relocation.copying import FOLDER, Mover
from apps.relocation.management.commands import relocation_copy
from apps.relocation.models import RelocationReport, Store, StoredBlock, StoredObject
from apps.relocation.providers.blobs import SourceError
from apps.relocation.reporting import report_holds, report_signed
from apps.relocation.rules import MEBIBYTE
from apps.workspaces.models import Workspace
from apps.workspaces.notebook import Notes
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable
from apps.workspaces.reconcile import spec_of
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.factories.workspaces import workspace as requested
from tests.support.blob_account import KEY, Account, source
from tests.support.carrying_out import Place
from tests.support.cloud_workers import Bench

pytestmark = pytest.mark.django_db
CONTAINER = "projet-1"
LARGE = bytes(range(256)) * (11 * MEBIBYTE // 256) + b"."


@pytest.fixture
def account() -> Account:
    made = Account()
    made.containers[CONTAINER] = {"a.csv": b"age,sex\n40,1\n", "empty": b"", "notes/é.ipynb": b"{}"}
    return made


@pytest.fixture
def store(bench: Bench, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A workspace whose bucket stands, and where its data lies on the previous platform."""
    monkeypatch.setattr(rules, "SMALLEST_BLOCK", 5 * MEBIBYTE)
    monkeypatch.setattr(relocation_copy, "configured_provider", lambda name: bench.provider)
    notes = Notes(workspace, bench.provider.now)
    place = Place(bench.provider, bench.world.clock.advance, notes)  # type: ignore[arg-type]
    for step in ("project", "key", "key_material", "data_keys", "bucket_work"):
        place.make(step, spec_of(workspace))
    made = Store.objects.create(workspace=workspace, container=CONTAINER)
    made.bench = bench  # type: ignore[attr-defined]
    return made


def move(store: Store, account: Account) -> None:
    destination = relocation_copy.destination_of(store.workspace)
    Mover(store, source(account), destination, lambda seconds: None).run()


def here(store: Store) -> dict[str, bytes]:
    destination = relocation_copy.destination_of(store.workspace)
    sizes = destination._storage.sizes(destination.bucket, key=destination._key)
    return {name: destination.read(name, 0, size) if size else b"" for name, size in sizes.items()}


def statuses(store: Store) -> dict[str, str]:
    return dict(store.objects_here.values_list("name", "status"))


def test_every_object_arrives_and_is_read_back_equal(store: Store, account: Account) -> None:
    account.containers[CONTAINER]["large.parquet"] = LARGE

    move(store, account)

    assert here(store) == {FOLDER + name: content for name, content in account.containers[CONTAINER].items()}
    assert set(statuses(store).values()) == {"verified"}
    large = StoredObject.objects.get(name="large.parquet")
    assert large.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert large.blocks.count() == 3
    assert Event.objects.get(action="relocation.copied").data == {"objects": 4, "verified": 4}


def test_nothing_but_get_is_sent_to_the_source_whatever_happens(store: Store, account: Account) -> None:
    account.containers[CONTAINER]["large.parquet"] = LARGE
    account.answers = [503, "reset"]
    move(store, account)
    account.containers[CONTAINER]["a.csv"] = b"changed"
    del account.containers[CONTAINER]["empty"]
    move(store, account)

    assert {method for method, _ in account.requests} == {"GET"}


def test_objects_lie_under_the_workspaces_own_key(store: Store, account: Account) -> None:
    move(store, account)
    destination = relocation_copy.destination_of(store.workspace)

    with pytest.raises(ProviderRefused):
        destination._storage.get(destination.bucket, FOLDER + "a.csv", key=destination._key, data_key=None)


def test_a_copy_that_is_killed_goes_on_at_the_next_block(
    store: Store, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.containers[CONTAINER] = {"large.parquet": LARGE}
    real, arrived = StoredBlock.objects.create, []

    def create(**values: Any) -> Any:
        arrived.append(values["number"])
        if len(arrived) == 3:
            raise KeyboardInterrupt
        return real(**values)

    with monkeypatch.context() as patched:
        patched.setattr(StoredBlock.objects, "create", create)
        with pytest.raises(KeyboardInterrupt):
            move(store, account)
    assert statuses(store) == {"large.parquet": "copying"}
    account.requests.clear()

    move(store, account)

    assert statuses(store) == {"large.parquet": "verified"}
    assert sum("/large" in url for _, url in account.requests) == 1  # the last block alone: a MiB and a byte


def test_a_lost_or_late_answer_of_the_destination_costs_nothing(store: Store, account: Account) -> None:
    account.containers[CONTAINER] = {}
    for operation in ("s3.put_object", "s3.upload_part", "s3.complete_multipart_upload", "s3.get_object"):
        for answer in ("reset_after", "internal_error", "rate_limited"):
            name = f"{operation} {answer}"
            account.containers[CONTAINER] = {name: b"a", f"{name}, large": LARGE[: 6 * MEBIBYTE]}
            faults = store.bench.world.faults  # type: ignore[attr-defined]
            faults.add(operation=operation, answer=answer, times=1)

            move(store, account)

            assert [statuses(store)[one] for one in account.containers[CONTAINER]] == ["verified"] * 2
            assert faults.items[-1].hits == 1, f"{name} never struck"


def test_a_change_at_the_source_between_listing_and_reading_waits_for_the_next_pass(
    store: Store, account: Account
) -> None:
    reader, destination = source(account), relocation_copy.destination_of(store.workspace)
    listed = list(reader.blobs(CONTAINER))
    account.containers[CONTAINER]["a.csv"] = b"another version"

    with mock.patch.object(reader, "blobs", lambda *_: iter(listed)):
        Mover(store, reader, destination, lambda seconds: None).run()

    assert statuses(store) == {"a.csv": "differs", "empty": "verified", "notes/é.ipynb": "verified"}
    assert "changed or removed" in StoredObject.objects.get(name="a.csv").reason
    move(store, account)
    assert set(statuses(store).values()) == {"verified"}
    assert here(store)[FOLDER + "a.csv"] == b"another version"


def test_a_later_pass_copies_what_changed_and_keeps_what_the_source_lost(store: Store, account: Account) -> None:
    move(store, account)
    account.containers[CONTAINER]["a.csv"] = b"age,sex\n41,2\n"
    del account.containers[CONTAINER]["empty"]
    account.requests.clear()

    move(store, account)

    assert here(store)[FOLDER + "a.csv"] == b"age,sex\n41,2\n"
    assert FOLDER + "empty" in here(store)
    assert StoredObject.objects.get(name="empty").gone_at is not None
    assert len(account.requests) == 2  # the list, and the one object that changed
    account.containers[CONTAINER]["empty"] = b""
    move(store, account)
    assert StoredObject.objects.get(name="empty").gone_at is None


@pytest.mark.parametrize("damaged", [b"age,sex\n40,2\n", b"shorter"])
def test_what_lies_here_otherwise_than_there_is_found_and_copied_again(
    store: Store, account: Account, damaged: bytes
) -> None:
    destination = relocation_copy.destination_of(store.workspace)
    real: Callable[..., str] = destination.put

    def put(name: str, content: bytes) -> str:
        return real(name, damaged if name.endswith("a.csv") else content)

    with mock.patch.object(destination, "put", put):
        Mover(store, source(account), destination, lambda seconds: None).run()

    assert statuses(store)["a.csv"] == "differs"
    move(store, account)
    assert statuses(store)["a.csv"] == "verified"


def test_an_upload_that_is_no_more_is_begun_again(store: Store, account: Account) -> None:
    account.containers[CONTAINER] = {"large.parquet": LARGE[: 6 * MEBIBYTE], "x" * 1020: b"1"}
    move(store, account)
    StoredObject.objects.filter(name="large.parquet").update(status="copying", upload_id="gone")
    StoredBlock.objects.filter(number=1).update(etag='"other"')
    relocation_copy.destination_of(store.workspace)._call("delete_object", FOLDER + "large.parquet")

    move(store, account)
    assert statuses(store) == {"large.parquet": "differs", "x" * 1020: "differs"}
    assert "too long" in StoredObject.objects.get(size=1).reason
    move(store, account)
    assert statuses(store)["large.parquet"] == "verified"


def test_a_destination_that_stays_away_stops_the_pass(store: Store, account: Account) -> None:
    destination = relocation_copy.destination_of(store.workspace)
    away = mock.Mock(side_effect=ProviderUnavailable("away"))
    waited: list[float] = []
    with mock.patch.object(destination, "put", away), pytest.raises(ProviderUnavailable):
        Mover(store, source(account), destination, waited.append).run()

    assert len(waited) == copying.TRIES - 1
    assert statuses(store)["a.csv"] == "waiting"


# ---- commands, report, page -----------------------------------------------------------------------------------------


@pytest.fixture
def commanded(store: Store, account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.setenv("HDH_RELOCATION_SOURCE", "https://ancienne.blob.core.windows.net")
    monkeypatch.setenv("HDH_RELOCATION_KEY", KEY)
    monkeypatch.setattr(relocation_copy, "BlobSource", lambda place: source(account))

    def run() -> str:
        said = StringIO()
        call_command("relocation_copy", stdout=said)
        return said.getvalue()

    return run


def test_the_command_copies_every_store_and_says_what_stops_one(commanded: Callable[[], str], account: Account) -> None:
    Store.objects.create(workspace=requested(), container="projet-2")

    said = commanded()

    assert "projet-1/: 3 of 3 objects are here and verified." in said
    assert "projet-2/: 0 of 0 objects are here and verified. Its workspace here is not prepared yet" in said


def test_a_workspace_elsewhere_than_in_the_cloud_has_no_bucket(store: Store, settings: Any, tmp_path: Path) -> None:
    with (
        mock.patch.object(relocation_copy, "configured_provider", lambda name: object()),
        pytest.raises(ProviderRefused, match="not at Scaleway"),
    ):
        relocation_copy.destination_of(store.workspace)


def test_two_copies_at_once_are_refused_and_so_is_a_source_that_is_not_set(
    commanded: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mock.patch.object(connection, "cursor") as cursor:
        cursor.return_value.__enter__.return_value.fetchone.return_value = (False,)
        with pytest.raises(CommandError, match="Another"):
            commanded()
    monkeypatch.delenv("HDH_RELOCATION_KEY")
    with pytest.raises(CommandError, match="HDH_RELOCATION_KEY"):
        commanded()


def test_the_report_says_everything_and_is_signed(
    commanded: Callable[[], str], settings: Any, tmp_path: Path, account: Account
) -> None:
    settings.AUDIT_KEY_FILE = tmp_path / "key"
    with pytest.raises(CommandError, match="HDH_AUDIT_KEY_FILE"):
        call_command("relocation_report")
    public, _ = key_init(settings.AUDIT_KEY_FILE)
    with pytest.raises(CommandError, match="not complete"):
        call_command("relocation_report", stdout=StringIO())
    commanded()

    call_command("relocation_report", "--to", tmp_path / "report.json", stdout=StringIO())

    signed = json.loads((tmp_path / "report.json").read_text())
    assert report_holds(signed, public)
    [moved] = signed["content"]["workspaces"]
    assert (moved["complete"], moved["objects"], moved["verified"]) == (True, 3, 3)
    assert {one["name"]: one["sha256"] for one in moved["content"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in account.containers[CONTAINER].items()
    }
    signed["content"]["workspaces"][0]["verified"] = 2
    assert not report_holds(signed, public)


def test_operators_see_progress_differences_and_reports(
    commanded: Callable[[], str], account: Account, settings: Any, tmp_path: Path,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    settings.AUDIT_KEY_FILE = tmp_path / "key"
    key_init(settings.AUDIT_KEY_FILE)
    browser = client_signed_in(StaffRoleFactory.create(role=Role.OPERATOR.value, person__language="en").person)
    assert browser.get("/exploitation/reprise/").status_code == 200
    commanded()
    StoredObject.objects.filter(name="a.csv").update(status="differs", reason="It changed.")
    StoredObject.objects.filter(name="empty").update(gone_at=timezone.now())
    with pytest.raises(CommandError):
        call_command("relocation_report", stdout=StringIO())

    with django_assert_max_num_queries(14):
        page = browser.get("/exploitation/reprise/").content.decode()

    assert "1 of 2" in page
    assert "It changed." in page
    report = RelocationReport.objects.get()
    answer = browser.get(f"/exploitation/reprise/rapports/{report.pk}.json")
    assert json.loads(answer.content) == json.loads(json.dumps(report_signed(report)))
    assert Event.objects.filter(action="relocation.read").exists()


def test_a_source_that_is_away_is_written_down(commanded: Callable[[], str], store: Store) -> None:
    with mock.patch.object(relocation_copy.Mover, "run", mock.Mock(side_effect=SourceError("It is away."))):
        assert "It is away." in commanded()
    store.refresh_from_db()
    assert store.problem == "It is away."
