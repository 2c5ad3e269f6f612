"""The commands of keys, seals, exports, erasures and roles."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from apps.audit import roles
from apps.audit.keys import trusted_fingerprints
from apps.audit.models import AuditSubject, Event
from apps.audit.standalone.verify_audit import UncheckableError
from tests.factories.accounts import PersonFactory
from tests.factories.audit import Log, recorded, unguarded
from tests.support.database_roles import in_the_role_of, portal_and_workers

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_key_is_made_once_for_its_owner_alone(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.AUDIT_KEY_FILE, settings.CHECKPOINTS_DIR = (
        tmp_path / "keys" / "audit.key",
        tmp_path / "out" / "checkpoints",
    )
    settings.AUDIT_PUBLIC_KEY_FILE = None
    call_command("audit_key_init")
    made = settings.AUDIT_KEY_FILE.read_bytes()
    call_command("audit_key_init")
    assert settings.AUDIT_KEY_FILE.read_bytes() == made
    assert settings.AUDIT_KEY_FILE.stat().st_mode & 0o777 == 0o600
    assert settings.CHECKPOINTS_DIR.is_dir()
    assert trusted_fingerprints()[0] in capsys.readouterr().out
    settings.AUDIT_KEY_FILE = None
    assert trusted_fingerprints() == []
    with pytest.raises(CommandError, match="HDH_AUDIT_KEY_FILE"):
        call_command("audit_key_init")


def test_the_trusted_keys_may_lie_elsewhere(log: Log, settings: Settings) -> None:
    fingerprints = trusted_fingerprints()
    settings.AUDIT_PUBLIC_KEY_FILE, settings.AUDIT_KEY_FILE = settings.AUDIT_KEY_FILE.with_name("audit.key.pub"), None
    assert trusted_fingerprints() == fingerprints


def test_sealing_by_hand(log: Log, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    recorded()
    log.seal()
    call_command("audit_seal")
    assert "0 events sealed" in capsys.readouterr().out
    settings.AUDIT_KEY_FILE = None
    with pytest.raises(CommandError, match="audit_key_init"):
        call_command("audit_seal")


def test_an_export_goes_to_a_new_folder_and_holds_something(log: Log, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing is sealed"):
        call_command("audit_export", out=tmp_path / "new")
    recorded()
    log.seal()
    with pytest.raises(CommandError, match="not empty"):
        call_command("audit_export", out=tmp_path)
    unguarded("DELETE FROM audit_event")
    with pytest.raises(CommandError, match="was deleted"):
        call_command("audit_export", out=tmp_path / "other")


def test_an_erasure_by_address(capsys: pytest.CaptureFixture[str]) -> None:
    person, officer = PersonFactory.create(), PersonFactory.create()
    recorded(actor=str(person.pk), personal={"a": 1})
    for _ in range(2):
        call_command("audit_subject_erase", subject=person.email.upper(), by=str(officer.pk))
    assert AuditSubject.objects.get().wrapped_key is None
    assert Event.objects.get(action="audit.subject_erased").actor == str(officer.pk)
    assert "were erased before" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nobody"):
        call_command("audit_subject_erase", subject="personne@exemple.fr", by="dpo")


@pytest.fixture
def application_urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with portal_and_workers(monkeypatch) as made:
        yield made


@pytest.fixture(params=["app", "worker"])
def application_url(application_urls: dict[str, str], request: pytest.FixtureRequest) -> str:
    """That of each in turn."""
    return application_urls[request.param]


@pytest.mark.parametrize("table", ["audit_event", "audit_seal", "audit_checkpoint"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_the_application_changes_nothing_of_the_log(application_url: str, table: str, statement: str) -> None:
    column = {"audit_event": "actor", "audit_seal": "event_id", "audit_checkpoint": "root"}[table]
    with psycopg.connect(application_url) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement.format(table, column, column))


@pytest.mark.parametrize("change", ["DISABLE TRIGGER ALL", "ALTER COLUMN xid SET DEFAULT '1'", "OWNER TO CURRENT_USER"])
def test_the_application_does_not_touch_what_protects_the_log(application_url: str, change: str) -> None:
    with psycopg.connect(application_url) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(f"ALTER TABLE audit_event {change}")


def test_the_application_cannot_choose_the_place_of_an_event(application_url: str) -> None:
    with psycopg.connect(application_url) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute("INSERT INTO audit_event (id, xid, actor) VALUES (1, '1', 'x')")


def test_portal_and_workers_record_and_work(application_url: str, log: Log) -> None:
    """Given a connection with the application's rights, then events and ordinary changes are possible."""
    with in_the_role_of(application_url):
        recorded(actor="somebody", personal={"a": 1})
        person = PersonFactory.create()
        person.delete()
        assert roles.excessive_rights() == []
        call_command("audit_roles", check=True)
    assert log.seal() == 1
    assert log.verify().events == 1


def test_workers_seal_and_verify_what_the_portal_wrote(application_urls: dict[str, str], log: Log) -> None:
    with in_the_role_of(application_urls["app"]):
        recorded(actor="somebody")
    with in_the_role_of(application_urls["worker"]):
        assert log.seal() == 1
        assert log.verify().events == 1


def test_the_portal_cannot_verify_and_does_not_cry_wolf(application_urls: dict[str, str], log: Log) -> None:
    """Given events hidden from the portal's role, then a verification by it says that it cannot check."""
    recorded()
    log.seal()
    with in_the_role_of(application_urls["app"]), pytest.raises(UncheckableError, match="that of the workers"):
        log.verify()


def test_owners_are_no_role_for_the_application() -> None:
    assert "UPDATE audit_event" in roles.excessive_rights()
    with pytest.raises(CommandError, match="may DELETE audit_checkpoint"):
        call_command("audit_roles", check=True)
    with pytest.raises(CommandError, match="superuser or owns"):
        call_command("audit_roles", role=connection.settings_dict["USER"])
