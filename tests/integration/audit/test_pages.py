"""The auditor's pages, as auditors and others get them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import Person
from apps.audit import rules, views
from apps.audit.models import Event
from apps.audit.services import subject_erase
from apps.audit.standalone.verify_audit import main
from apps.audit.watch import verify_now
from apps.core.rules import Role
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in, confirm, current_code, steward
from tests.factories.audit import Log, recorded, unguarded

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = ("audit:search", "audit:readers", "audit:seal")


def staff(role: Role, **fields: str) -> Person:
    return StaffRoleFactory.create(role=role.value, person=PersonFactory.create(**fields)).person


@pytest.fixture
def auditor() -> Client:
    return client_signed_in(staff(Role.AUDITOR, language="en"))


def confirmed_download(client: Client, led_to: str) -> None:
    """Type a code on the page that a download led to."""
    person = Person.objects.get(pk=client.session[SESSION_KEY])
    assert confirm(client, led_to, current_code(person)).status_code == 200


def body(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    if answer.status_code == 302:
        confirmed_download(client, answer.url)
        answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.content.decode()
    return b"".join(answer).decode()


@pytest.mark.parametrize("name", [*LISTS, "audit:export"])
@pytest.mark.parametrize("who", [PersonFactory.create, steward, lambda: staff(Role.OPERATOR)])
def test_the_pages_are_missing_for_everybody_else(name: str, who: Callable[[], Person]) -> None:
    client = client_signed_in(who())
    for path in (reverse(name), reverse("audit:event", args=[1]), reverse("audit:proof", args=[1])):
        assert client.get(path).status_code == 404
    assert not Event.objects.filter(object_kind__in=["audit", "event"]).exists()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_log_is_shown_in_words(language: str) -> None:
    person = PersonFactory.create(given_name="Camille", family_name="Durand")
    recorded(action="session.opened", actor=str(person.pk), object_kind="person")
    recorded(action="test.done", actor="system:extract")
    shown = body(client_signed_in(staff(Role.AUDITOR, language=language)), "audit:search")
    assert f'lang="{language}"' in shown
    assert "Camille Durand" in shown
    assert "(extract)" in shown


def found(client: Client, **query: str) -> set[str]:
    answer = client.get(reverse("audit:search"), query)
    assert answer.status_code == 200
    return {line.event.object_id for line in answer.context["lines"] if line.event.object_kind == "thing"}


def test_each_filter_finds_its_events(auditor: Client) -> None:
    person, dossier = PersonFactory.create(), str(uuid4())
    recorded(object_id="of a person", actor=str(person.pk))
    recorded(object_id="of an action", action="test.other")
    recorded(object_id="of a dossier", dossier_id=dossier)
    everything = {"of a person", "of an action", "of a dossier"}
    assert found(auditor) == everything
    assert found(auditor, person=person.email.upper()) == {"of a person"}
    assert found(auditor, person=str(person.pk)) == {"of a person"}
    assert found(auditor, action="test.other") == {"of an action"}
    assert found(auditor, dossier=dossier) == {"of a dossier"}
    assert found(auditor, kind="thing", object="of a person") == {"of a person"}
    assert found(auditor, readings="yes") == set()
    assert found(auditor, readings="no", since="2020-01-01T00:00", until="2100-01-01T00:00") == everything
    assert found(auditor, since="2100-01-01T00:00") == set()


@pytest.mark.parametrize(
    "query",
    [{"person": "personne@exemple.fr"}, {"dossier": "x"}, {"since": "2027-01-02T00:00", "until": "2027-01-01T00:00"}],
)
def test_a_search_that_cannot_be_is_explained(auditor: Client, query: dict[str, str]) -> None:
    answer = auditor.get(reverse("audit:search"), query)
    assert answer.status_code == 422
    assert b"fr-alert--error" in answer.content
    assert auditor.get(reverse("audit:readers"), query).status_code == 200
    address = f"{reverse('audit:export')}?{urlencode({**query, 'format': 'csv'})}"
    confirmed_download(auditor, auditor.get(address).url)
    assert auditor.get(address).status_code == 404


def test_pages_follow_one_another_without_loss(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 4)
    recorded(10)
    seen, before = [], ""
    for _ in range(3):
        answer = auditor.get(reverse("audit:search"), {"action": "test.done", "before": before})
        seen += [line.event.object_id for line in answer.context["lines"]]
        before = str(answer.context["older"] or "")
    assert seen == [str(number) for number in reversed(range(10))]
    assert before == ""
    assert found(auditor, action="test.done", before="no number") == {str(number) for number in range(6, 10)}


def test_the_number_of_statements_is_that_of_ten_for_a_thousand(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 1_000)
    statements_for(auditor, 0)  # the first request of a session has statements of its own
    assert statements_for(auditor, 10) == statements_for(auditor, 990)


def statements_for(client: Client, number: int) -> int:
    """How many statements the list takes once so many events of as many people were added."""
    for person in PersonFactory.create_batch(number // 10):
        recorded(10, actor=str(person.pk))
    with CaptureQueriesContext(connection) as counted:
        client.get(reverse("audit:search"), {"kind": "thing", "until": f"2100-01-01T00:00:{number % 60:02}"})
    return len(counted)


def test_looking_is_recorded_without_what_was_typed(auditor: Client) -> None:
    person = PersonFactory.create()
    body(auditor, "audit:search", person=person.email)
    event = Event.objects.get(action="audit.searched")
    assert event.reading
    assert event.data["filters"] == {"actor": str(person.pk)}
    assert person.email.encode() not in event.content


def test_an_export_opens_harmlessly_in_a_spreadsheet(auditor: Client) -> None:
    recorded(object_id="=HYPERLINK(1)", data={"text": "a,b"})
    rows = list(csv.DictReader(io.StringIO(body(auditor, "audit:export", action="test.done", format="csv"))))
    assert [row["object_id"] for row in rows] == ["'=HYPERLINK(1)"]
    assert json.loads(rows[0]["data"]) == {"text": "a,b"}
    assert Event.objects.filter(action="audit.exported").count() == 1


def test_json_lines_are_the_bytes_that_were_hashed(auditor: Client) -> None:
    [event] = recorded(personal={"address": "192.0.2.7"})
    assert body(auditor, "audit:export", action="test.done", format="jsonl").encode() == event.content + b"\n"


def test_an_export_is_never_cut_short_in_silence(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "EXPORT_AT_MOST", 2)
    recorded(3)
    confirmed_download(auditor, auditor.get(reverse("audit:export"), {"format": "csv"}).url)
    assert auditor.get(reverse("audit:export"), {"format": "csv"}).status_code == 422


def test_an_export_takes_the_second_factor_for_this_very_search_once(auditor: Client) -> None:
    address = reverse("audit:export") + "?format=csv&action=test.done"
    led = auditor.get(address)
    assert led.url.startswith("/compte/confirmer/")
    confirmed_download(auditor, led.url)
    assert auditor.get(address.replace("done", "other")).status_code == 302
    assert [auditor.get(address).status_code for _ in range(2)] == [200, 302]


def test_who_saw_a_dossier_and_an_extract(auditor: Client) -> None:
    """Given people who read a dossier and its extract, then the page names them, without those who changed it."""
    dossier, extract = str(uuid4()), str(uuid4())
    reader = PersonFactory.create(given_name="Alex", family_name="Martin")
    recorded(actor="system:web", dossier_id=dossier)
    recorded(actor=str(reader.pk), dossier_id=dossier, object_kind="extract", object_id=extract)
    unguarded("UPDATE audit_event SET reading = true WHERE object_kind = 'extract'")
    for query in ({"dossier": dossier}, {"kind": "extract", "object": extract}):
        answer = auditor.get(reverse("audit:readers"), query)
        assert [(name, line.times) for name, line in answer.context["lines"]] == [("Alex Martin", 1)]
    assert "Nobody" in body(auditor, "audit:readers", kind="extract", object="other")
    assert not auditor.get(reverse("audit:readers"), {"kind": "extract"}).context["asked"]


def test_an_event_is_proved_without_the_portal(auditor: Client, log: Log, tmp_path: Path) -> None:
    """Given a sealed event, when its proof is downloaded, then the stand-alone verifier accepts it and no other."""
    events = recorded(5)
    assert auditor.get(reverse("audit:proof", args=[events[0].pk])).status_code == 404
    assert "waits for its seal" in body(auditor, "audit:event", events[0].pk)
    log.seal()
    assert "Download the proof" in body(auditor, "audit:event", events[2].pk)
    proof = json.loads(body(auditor, "audit:proof", events[2].pk))
    assert json.loads(proof["event"])["object_id"] == "2"
    file, key = tmp_path / "proof.json", str(tmp_path / "audit.key.pub")
    file.write_text(json.dumps(proof))
    assert main(["proof", str(file), "--public-key", key, "--checkpoints", str(log.folder)]) == 0
    file.write_text(json.dumps({**proof, "event": proof["event"].replace("test.done", "test.gone")}))
    assert main(["proof", str(file), "--public-key", key]) == 1


def test_personal_fields_are_shown_until_they_are_erased(auditor: Client, settings: Settings) -> None:
    [event] = recorded(actor="somebody", personal={"address": "192.0.2.7"})
    assert "192.0.2.7" in body(auditor, "audit:event", event.pk)
    kept, settings.FIELD_KEY = settings.FIELD_KEY, "another key"
    assert "Unreadable" in body(auditor, "audit:event", event.pk)
    settings.FIELD_KEY = kept
    subject_erase(subject="somebody", by="dpo")
    assert "Erased" in body(auditor, "audit:event", event.pk)


def test_an_event_that_was_changed_says_so(auditor: Client) -> None:
    [event] = recorded()
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = %s", [event.pk])
    assert "was changed after it was written" in body(auditor, "audit:event", event.pk)
    assert auditor.get(reverse("audit:event", args=[event.pk + 1000])).status_code == 404


def test_the_state_of_the_seal(auditor: Client, log: Log) -> None:
    assert "none yet" in body(auditor, "audit:seal")
    recorded(3)
    log.seal()
    verify_now(whole=True)
    shown = body(auditor, "audit:seal")
    assert "intact" in shown
    assert next(iter(log.keys)) in shown
    assert "may do too much" in shown, "the tests' role owns the tables"
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = (SELECT min(event_id) FROM audit_seal)")
    verify_now(whole=True)
    assert "The log was tampered with" in body(auditor, "audit:seal")


def test_an_event_without_the_parts_of_its_sentence_is_named_by_its_action(auditor: Client) -> None:
    recorded(action="staff_role.given", data={})
    assert found(auditor, action="staff_role.given") == {"0"}
    assert "staff_role.given" in body(auditor, "audit:search")
