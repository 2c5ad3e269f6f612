"""The key of a project: made once, rotated without a change of pseudonyms, destroyed with a proof. On both services."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from apps.audit.models import Event
from apps.core import outbox
from apps.core.models import OutboxItem
from apps.core.outbox import LeaseLost
from apps.extracts import keys, project_keys
from apps.extracts.keyring import Keyring, KeyringError
from apps.extracts.keys import KeyDestroyedError, KeyService, KeyServiceError, Sealed
from apps.extracts.models import SealedKey
from apps.fulfilment import cloud_keys
from apps.fulfilment.handlers import on_project_ended
from apps.projects.models import Project
from apps.workspaces.fake_scaleway.world import World
from apps.workspaces.providers.base import ProviderUnavailable
from tests.factories import extracts as made
from tests.support.cloud_in_process import BASE, Hooks, new_world, session_in

pytestmark = pytest.mark.django_db(transaction=True)
PROJECT, SECRET = str(uuid4()), b"32 bytes that nobody else may see"


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture(params=["keyring", "scaleway"])
def service(
    request: pytest.FixtureRequest, world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeyService]:
    """The key service as the settings of the zone `extract` give it."""
    settings.KEYRING_FILE, settings.KEYRING_UNLOCK_FILE = tmp_path / "keyring.json", tmp_path / "unlock"
    Keyring(settings.KEYRING_FILE, settings.KEYRING_UNLOCK_FILE).create()
    settings.SCALEWAY = {
        "access_key": world.access_key,
        "secret_key": world.secret_key,
        "organisation": world.organization,
        "hub_project": world.hub["project"],
        "api": BASE,
    }
    monkeypatch.setattr(cloud_keys, "new_session", lambda: session_in(world, Hooks()))
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)
    chosen = {"keyring": "apps.extracts.keyring.configured", "scaleway": "apps.fulfilment.cloud_keys.configured"}
    settings.KEY_SERVICE = chosen[request.param]
    cloud_keys.configured.cache_clear()
    yield keys.key_service()
    cloud_keys.configured.cache_clear()


def events(project: Project) -> list[Event]:
    return list(Event.objects.filter(object_kind="key", dossier_id=project.application_id).order_by("id"))


def work() -> OutboxItem:
    """What a worker of the extract zone does with the decision."""
    outbox.run_item(OutboxItem.objects.get(kind="extract.key_destroy").pk)
    return OutboxItem.objects.get(kind="extract.key_destroy")


# --- the service ---


def test_a_sealed_secret_opens_for_its_project_only(service: KeyService) -> None:
    sealed = service.seal(PROJECT, SECRET)
    assert SECRET not in sealed.ciphertext
    assert service.open(PROJECT, sealed) == SECRET
    with pytest.raises(KeyServiceError):
        service.open(str(uuid4()), sealed)


def test_a_forgotten_wrapping_key_takes_nothing_else_with_it(service: KeyService) -> None:
    one, two = service.seal(PROJECT, SECRET), service.seal(PROJECT, SECRET)
    for _ in range(2):
        service.forget(PROJECT, one.wrapping_key)
    assert service.open(PROJECT, two) == SECRET
    with pytest.raises((KeyServiceError, ProviderUnavailable)):
        service.open(PROJECT, one)


def test_after_a_destruction_nothing_opens_and_nothing_is_sealed(service: KeyService) -> None:
    sealed = service.seal(PROJECT, SECRET)
    assert service.destroy(PROJECT)
    assert service.destroy(PROJECT)
    for attempt in (lambda: service.open(PROJECT, sealed), lambda: service.seal(PROJECT, SECRET)):
        with pytest.raises(KeyDestroyedError):
            attempt()


def test_the_cloud_still_refuses_once_it_has_removed_the_empty_key(service: KeyService, world: World) -> None:
    sealed = service.seal(PROJECT, SECRET)
    service.destroy(PROJECT)
    world.clock.advance(timedelta(days=30).total_seconds())
    service.forget(PROJECT, sealed.wrapping_key)
    with pytest.raises(KeyDestroyedError):
        service.open(PROJECT, sealed)


def test_an_account_that_is_not_given_is_named(service: KeyService, settings: Settings) -> None:
    settings.SCALEWAY = {"access_key": "SCW"}
    cloud_keys.configured.cache_clear()
    with pytest.raises(KeyServiceError, match="HDH_SCALEWAY_SECRET_KEY, HDH_SCALEWAY_ORGANISATION"):
        cloud_keys.configured()


# --- the project ---


def test_a_project_has_one_key_made_at_its_first_extract(service: KeyService) -> None:
    project = made.project()
    first = project_keys.project_key(project, service)
    again = project_keys.project_key(project, service)
    assert first.id == again.id == SealedKey.objects.get().key_id
    assert project_keys.project_key(made.project(), service).id != first.id
    assert [event.action for event in events(project)] == ["key.made"]


def test_of_two_workers_that_begin_at_once_the_first_one_s_key_is_everybody_s(
    service: KeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made.project()
    first = project_keys.project_key(project, service)
    monkeypatch.setattr(SealedKey.objects, "filter", lambda **_: SealedKey.objects.none())
    assert project_keys.project_key(project, service).id == first.id
    assert len(events(project)) == 1


def test_rotation_changes_what_seals_and_not_the_pseudonyms(service: KeyService) -> None:
    project = made.project()
    before = project_keys.project_key(project, service)
    former = SealedKey.objects.get()
    said = StringIO()
    call_command("keys_rotate", by="operator:test", stdout=said)
    assert "1 project keys" in said.getvalue()
    row = SealedKey.objects.get()
    assert row.wrapping_key != former.wrapping_key
    assert row.rotated_at is not None
    assert project_keys.project_key(project, service).shift("AA", 100) == before.shift("AA", 100)
    assert events(project)[-1].data["from"] == former.wrapping_key
    with pytest.raises((KeyServiceError, ProviderUnavailable)):
        service.open(str(project.pk), Sealed(former.wrapping_key, bytes(former.sealed)))


def test_a_key_that_another_rotation_took_is_left_to_it(service: KeyService, monkeypatch: pytest.MonkeyPatch) -> None:
    project_keys.project_key(made.project(), service)
    opened = type(service).open

    def overtaken(self: Any, *given: Any) -> bytes:
        SealedKey.objects.update(wrapping_key="another")
        return opened(self, *given)

    monkeypatch.setattr(type(service), "open", overtaken)
    with pytest.raises(CommandError, match="run the command again"):
        call_command("keys_rotate", by="operator:test")


def test_a_key_whose_end_was_decided_makes_nothing_any_more_and_is_destroyed_with_a_proof(service: KeyService) -> None:
    project = made.project()
    key = project_keys.project_key(project, service)
    sealed = bytes(SealedKey.objects.get().sealed)
    call_command("key_end", str(project.pk), by="steward:test", for_ever=True, stdout=StringIO())
    with pytest.raises(KeyDestroyedError, match="was decided"):
        project_keys.project_key(project, service)

    assert work().status == "done"

    row = SealedKey.objects.get()
    assert row.destroyed_at is not None
    assert bytes(row.sealed) == b""
    assert [event.action for event in events(project)] == ["key.made", "key.ended", "key.destroyed"]
    proof = events(project)[-1].data
    assert proof["key_id"] == key.id
    assert proof["proof"]["opening_refused"] is True
    assert proof["proof"]["service_says"]
    SealedKey.objects.update(ended_at=None, destroyed_at=None, sealed=sealed)
    with pytest.raises(KeyDestroyedError):
        project_keys.project_key(project, service)


def test_a_project_that_had_no_key_yet_will_never_have_one(service: KeyService) -> None:
    project = made.project()
    project_keys.key_end(project=project, by="steward:test")
    assert work().status == "done"
    SealedKey.objects.all().delete()
    if service.name == "keyring":
        with pytest.raises(KeyDestroyedError):
            project_keys.project_key(project, service)


def test_a_second_message_destroys_nothing_and_says_nothing(service: KeyService) -> None:
    project = made.project()
    project_keys.project_key(project, service)
    project_keys.key_end(project=project, by="steward:test")
    work()
    OutboxItem.objects.update(status="pending", finished_at=None)
    assert work().status == "done"
    assert len(events(project)) == 3


def test_a_project_that_is_over_takes_its_key_with_it(service: KeyService) -> None:
    project = made.project()
    project_keys.project_key(project, service)
    with transaction.atomic():
        on_project_ended(str(project.pk), by="steward:test")
    assert work().status == "done"
    assert [(event.action, event.actor) for event in events(project)][1:] == [
        ("key.ended", "system:extract"),
        ("key.destroyed", "system:extract"),
    ]
    with pytest.raises(KeyDestroyedError):
        project_keys.project_key(project, service)


def test_a_service_that_still_opens_the_key_is_no_proof(service: KeyService, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made.project()
    project_keys.project_key(project, service)
    project_keys.key_end(project=project, by="steward:test")
    monkeypatch.setattr(type(service), "destroy", lambda self, project: {})
    item = work()
    assert item.status == "needs_human"
    assert "still opens" in item.reason
    assert SealedKey.objects.get().destroyed_at is None


def test_a_worker_that_lost_its_lease_records_nothing(service: KeyService) -> None:
    project = made.project()
    project_keys.project_key(project, service)
    project_keys.key_end(project=project, by="steward:test")

    class Lost:
        subject_id = str(project.pk)

        def hold(self) -> None:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        project_keys.key_destroy_step(Lost(), service)  # type: ignore[arg-type]
    assert SealedKey.objects.get().destroyed_at is None
    assert work().status == "done"


def test_the_command_asks_to_say_that_it_cannot_be_undone(service: KeyService) -> None:
    project = made.project()
    with pytest.raises(CommandError, match="--for-ever"):
        call_command("key_end", str(project.pk), by="steward:test")
    with pytest.raises(CommandError, match="no project"):
        call_command("key_end", str(uuid4()), by="steward:test", for_ever=True)
    project_keys.key_end(project=project, by="steward:test")
    with pytest.raises(CommandError, match="already"):
        call_command("key_end", str(project.pk), by="steward:test", for_ever=True)
    assert project_keys.key_end(project=project, by="steward:test") is False


def test_a_rotation_without_a_keyring_says_so(settings: Settings) -> None:
    settings.KEYRING_FILE = None
    with pytest.raises(CommandError, match="HDH_KEYRING_FILE"):
        call_command("keys_rotate", by="operator:test")
    with pytest.raises(KeyringError):
        keys.key_service()
