"""Home, health, interventions and error pages; the permission table at the door."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu import Connection

from apps.audit.models import Event
from apps.core import health
from apps.core.models import OutboxItem
from apps.core.rules import Role
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in

pytestmark = pytest.mark.django_db


def staff(role: Role) -> Client:
    return client_signed_in(StaffRoleFactory.create(role=role.value).person)


def stopped(key: str = "extract:1") -> OutboxItem:
    return OutboxItem.objects.create(
        key=key,
        kind="extract.run",
        queue="extract",
        subject_id="1",
        status="needs_human",
        reason="The source copy is away.",
        not_before=timezone.now(),
    )


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.STEWARD, "applications:queue"),
        (Role.OPERATOR, "interventions"),
        (Role.AUDITOR, "audit:search"),
    ],
)
def test_home_leads_everybody_to_their_own_work(role: Role, name: str) -> None:
    assert staff(role).get("/")["Location"] == reverse(name)


def test_home_tells_a_visitor_what_the_portal_is_for() -> None:
    page = Client().get("/")
    assert page.status_code == 200
    assert "Accéder aux données de santé" in page.content.decode()


def test_a_page_for_people_sends_a_visitor_to_sign_in_and_back() -> None:
    answer = Client().get("/dossiers/")
    assert answer.status_code == 302
    assert answer["Location"] == "/connexion/?next=/dossiers/"


def test_a_live_fragment_sends_the_whole_page_to_sign_in() -> None:
    answer = Client().get("/dossiers/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/connexion/")


def test_a_method_that_the_action_does_not_name_is_refused() -> None:
    answer = Client().delete("/healthz")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"


def test_what_stopped_is_listed_for_those_who_can_mend_it_and_for_nobody_else() -> None:
    stopped()
    assert "The source copy is away." in staff(Role.OPERATOR).get("/interventions/").content.decode()
    assert "The source copy is away." in staff(Role.STEWARD).get("/interventions/").content.decode()
    assert client_signed_in(PersonFactory.create()).get("/interventions/").status_code == 404


def test_nothing_stopped_is_said_too() -> None:
    assert "<table" not in staff(Role.OPERATOR).get("/interventions/").content.decode()


def test_resuming_puts_the_work_back_records_who_did_it_and_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)
    item, client = stopped(), staff(Role.OPERATOR)
    address = reverse("intervention_retry", args=[item.pk])
    assert client.post(address).status_code == 302
    item.refresh_from_db()
    assert item.status == "pending"
    assert Event.objects.get(action="outbox.retried").data == {"key": item.key}
    again = client.post(address)
    assert again.status_code == 409
    assert "déjà" in again.content.decode()


def test_the_portal_is_ready_with_its_database_and_its_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "broker_ready", lambda: True)
    assert Client().get("/readyz").json() == {"status": "ok", "database": True, "broker": True}


def test_the_portal_is_not_ready_without_its_broker(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    monkeypatch.setattr(health, "broker_ready", lambda: False)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (503, False)


def test_a_broker_that_does_not_answer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_listens = Connection("redis://127.0.0.1:1/0")
    monkeypatch.setattr(health.current_app, "connection_for_write", lambda **_: nobody_listens)
    assert not health.broker_ready()


def test_an_old_page_is_told_kindly() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/connexion/", {"email": "a@b.fr", "password": "x"})
    assert answer.status_code == 403
    assert "trop ancienne" in answer.content.decode()


def test_pages_of_signed_in_people_are_not_stored_and_every_answer_has_its_number() -> None:
    answer = client_signed_in(PersonFactory.create()).get("/dossiers/")
    assert answer["Cache-Control"] == "no-store, private"
    assert len(answer["X-Request-Id"]) == 12


def test_no_page_may_run_anything_from_elsewhere() -> None:
    policy = Client().get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
