"""The second barrier: PostgreSQL itself hides rows from those they do not concern, whatever a query forgot to ask."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.core.signals import request_started
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from apps.accounts.grants import grant
from apps.accounts.models import Person
from apps.core import row_security
from tests.factories import extracts
from tests.factories.accounts import Browser, PersonFactory, StaffRoleFactory, client_signed_in, confirm, current_code
from tests.factories.audit import recorded
from tests.integration.accounts.conftest import give_password
from tests.support.database_roles import in_the_role_of, portal_and_workers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with portal_and_workers(monkeypatch) as made:
        yield made


@pytest.fixture
def scene() -> SimpleNamespace:
    """An extract with the events of its dossier, the people it concerns, and others."""
    request = extracts.request()
    dossier = request.project.application
    recorded(actor="system:extract", dossier_id=str(dossier.pk), action="extract.told")
    recorded(actor="system:default", action="portal.told")
    roles = {
        role: StaffRoleFactory.create(role=role).person
        for role in ("steward", "operator", "auditor", "committee_member")
    }
    past = StaffRoleFactory.create(role="auditor", ends_on=timezone.localdate().replace(year=2021)).person
    gone = StaffRoleFactory.create(role="auditor", person=PersonFactory.create(is_active=False)).person
    member = request.project.memberships.get(role="principal_investigator").person
    grant(member, "view_application", dossier)
    return SimpleNamespace(
        request=request, member=member, stranger=PersonFactory.create(), past=past, gone=gone, **roles
    )


def raw(url: str, query: str, person: Person | None, **values: Any) -> list[Any]:
    """What a raw query gives to a connection of this role in the name of this person."""
    with psycopg.connect(url) as asking:
        if person:
            asking.execute("SELECT set_config('hdh.person', %s, true)", [str(person.pk)])
        return asking.execute(query, values).fetchall()


EXTRACTS = "SELECT id FROM extracts_extractrequest"
TOLD = "SELECT action FROM audit_event WHERE action IN ('extract.told', 'portal.told') ORDER BY id"
SEEN = {
    "member": (1, ["extract.told"]),
    "steward": (1, ["extract.told"]),
    "operator": (1, ["extract.told"]),
    "committee_member": (0, ["extract.told"]),
    "auditor": (1, ["extract.told", "portal.told"]),
    "stranger": (0, []),
    "past": (0, []),
    "gone": (0, []),
    "": (0, []),
}


def test_a_query_that_forgot_its_filter_gives_only_what_concerns_the_person(
    urls: dict[str, str], scene: SimpleNamespace
) -> None:
    """Given raw queries without any condition, then each person sees what concerns them, and strangers nothing."""
    seen = {}
    for who in SEEN:
        person = getattr(scene, who) if who else None
        rows = raw(urls["app"], TOLD, person)
        seen[who] = (len(raw(urls["app"], EXTRACTS, person)), [action for (action,) in rows])
    assert seen == SEEN


def test_workers_see_everything_in_nobodys_name(urls: dict[str, str], scene: SimpleNamespace) -> None:
    assert len(raw(urls["worker"], EXTRACTS, None)) == 1
    assert raw(urls["worker"], TOLD, None) == [("extract.told",), ("portal.told",)]


def test_one_role_for_portal_and_workers_sees_everything(urls: dict[str, str], scene: SimpleNamespace) -> None:
    role = urlsplit(urls["app"]).username
    call_command("audit_roles", role=role, workers_role=role)
    assert len(raw(urls["app"], EXTRACTS, None)) == 1


def test_ones_own_events_are_seen(urls: dict[str, str], scene: SimpleNamespace) -> None:
    recorded(actor=str(scene.stranger.pk), action="stranger.acted")
    query = "SELECT actor FROM audit_event WHERE action = 'stranger.acted'"
    assert len(raw(urls["app"], query, scene.stranger)) == 1
    assert raw(urls["app"], query, scene.member) == []


@pytest.mark.parametrize("change", ["UPDATE {} SET rows = 7", "DELETE FROM {}"])
def test_a_stranger_changes_nothing(urls: dict[str, str], scene: SimpleNamespace, change: str) -> None:
    done = change.format("extracts_extractrequest")
    counted = f"WITH done AS ({done} RETURNING 1) SELECT count(*) FROM done"
    assert raw(urls["app"], counted, scene.stranger) == [(0,)]
    scene.request.refresh_from_db()
    assert scene.request.rows == 0


def test_a_stranger_adds_no_extract(urls: dict[str, str], scene: SimpleNamespace) -> None:
    copy = """
        INSERT INTO extracts_extractrequest (id, project_id, definition_hash, status, stage, units_done, units_total,
            rows, bytes, report, reason, source_release, key_id, manifest_sha256, requested_at)
        VALUES (gen_random_uuid(), %(project)s, '', 'requested', '', 0, 0, 0, 0, '{}', '', '', '', '', now())
        RETURNING 1"""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        raw(urls["app"], copy, scene.stranger, project=scene.request.project_id)


def shown_to() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('hdh.person', true), '')")
        return str(cursor.fetchone()[0])


def test_a_request_shows_the_rows_of_its_person_and_hides_them_again(
    urls: dict[str, str], scene: SimpleNamespace
) -> None:
    """Given the portal's database role, then a member's page holds the extract, and afterwards nothing is shown."""
    client = client_signed_in(scene.member)
    with in_the_role_of(urls["app"]):
        page = client.get(reverse("fulfilment:project", args=[scene.request.project_id]))
        assert page.context["extract"] == scene.request
        assert shown_to() == ""
        assert raw(urls["app"], EXTRACTS, None) == []


def test_a_streamed_answer_is_whole(urls: dict[str, str], scene: SimpleNamespace) -> None:
    client = client_signed_in(scene.auditor)
    with in_the_role_of(urls["app"]):
        address = reverse("audit:export") + "?format=jsonl"
        confirm(client, client.get(address).url, current_code(scene.auditor))
        answer = client.get(address)
        lines = b"".join(answer.streaming_content)
    assert b"portal.told" in lines


def test_the_first_factor_alone_shows_nothing(monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    shown: list[str] = []
    monkeypatch.setattr("apps.accounts.middleware.rows_shown_to", shown.append)
    give_password(person).get(reverse("accounts:second_factor"))
    assert shown == []
    client_signed_in(person).get(reverse("home"))
    assert shown == [str(person.pk)]


@pytest.fixture
def person(db: None) -> Person:
    return PersonFactory.create()


def test_what_an_interrupted_request_left_is_hidden_from_the_next(person: Person) -> None:
    row_security.rows_shown_to(str(person.pk))
    assert shown_to() == str(person.pk)
    request_started.send(sender=None)
    assert shown_to() == ""
    Browser().get(reverse("home"))


def test_a_connection_that_cannot_be_told_is_closed(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    row_security.rows_shown_to(str(person.pk))
    connection.connection.close()
    row_security.rows_hidden()
    assert connection.connection is None
    row_security.rows_hidden()  # without a connection there is nothing to hide
    assert shown_to() == ""
