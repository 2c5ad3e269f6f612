"""Sessions end by themselves, and lead back to where the person was."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from apps.accounts import browser_session
from apps.accounts.models import Person, PortalSession
from apps.accounts.sessions import SessionStore
from apps.accounts.tasks import forget_expired
from apps.audit.models import Event
from tests.factories.accounts import Browser, PersonFactory, StaffRoleFactory, client_signed_in
from tests.integration.accounts.conftest import give_password

ACCOUNT, PASSWORD_PAGE = "/compte/", "/compte/mot-de-passe/"
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


@contextmanager
def after(**duration: float) -> Iterator[None]:
    """The same, some time later by the clock of the session limits."""
    later = timezone.now() + timedelta(**duration)
    with mock.patch.object(browser_session.timezone, "now", return_value=later):
        yield


def test_a_session_goes_on_while_it_is_used(signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    for minutes in (29, 58, 87):
        with after(minutes=minutes):
            assert signed_in.get(ACCOUNT).status_code == 200


def test_half_an_hour_without_activity_ends_it_and_leads_back(signed_in: Browser, person: Person) -> None:
    signed_in.get(ACCOUNT)
    key = signed_in.session.session_key
    with after(minutes=30):
        response = signed_in.get(f"{ACCOUNT}?a=b")
    assert response.url == "/connexion/?ended=idle&next=%2Fcompte%2F%3Fa%3Db"
    assert not PortalSession.objects.filter(session_key=key).exists()
    assert Event.objects.get().data == {"reason": "idle"}
    shown = signed_in.get(response.url, headers={"accept-language": "en"}).content.decode()
    assert "Your session has ended" in shown
    assert "saved as you typed is kept" in shown


def test_staff_sessions_end_after_a_quarter_of_an_hour(person: Person, signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    StaffRoleFactory.create(person=person)
    with after(minutes=14):
        assert signed_in.get(ACCOUNT).status_code == 200
    with after(minutes=14 + 15):
        assert "ended=idle" in signed_in.get(ACCOUNT).url


@pytest.mark.parametrize(("is_staff", "hours"), [(False, 12), (True, 8)])
def test_a_working_day_ends_even_a_busy_session(person: Person, signed_in: Browser, is_staff: bool, hours: int) -> None:
    if is_staff:
        StaffRoleFactory.create(person=person)
    signed_in.get(ACCOUNT)
    for minutes in range(10, hours * 60, 10):
        with after(minutes=minutes):
            response = signed_in.get(ACCOUNT)
    assert response.status_code == 200
    with after(hours=hours):
        response = signed_in.get(ACCOUNT)
    assert "ended=absolute" in response.url
    assert "longest duration" in signed_in.get(response.url, headers={"accept-language": "en"}).content.decode()


def test_a_password_without_its_code_is_worth_ten_minutes(person: Person) -> None:
    client = give_password(person)
    with after(minutes=9):
        assert client.get("/connexion/code/").status_code == 200
    with after(minutes=10):
        assert client.get("/connexion/code/").url == "/connexion/?ended=absolute"


def test_what_was_being_sent_leads_back_to_its_page(signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    with after(hours=1):
        response = signed_in.post("/compte/sessions/", headers={"referer": f"http://testserver{PASSWORD_PAGE}"})
    assert response.url == "/connexion/?ended=idle&next=%2Fcompte%2Fmot-de-passe%2F"


@pytest.mark.parametrize("referer", ["", "https://ailleurs.example/compte/"])
def test_without_a_page_of_ours_to_go_back_to_home_comes_next(signed_in: Browser, referer: str) -> None:
    signed_in.get(ACCOUNT)
    with after(hours=1):
        response = signed_in.post("/compte/sessions/", headers={"referer": referer} if referer else {})
    assert response.url == "/connexion/?ended=idle"


def test_an_autosave_after_the_end_takes_the_whole_page_to_sign_in(signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    with after(hours=1):
        response = signed_in.post(
            "/compte/sessions/", headers={**HTMX, "HX-Current-URL": f"http://testserver{PASSWORD_PAGE}"}
        )
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/connexion/?ended=idle&next=%2Fcompte%2Fmot-de-passe%2F"


def test_a_page_that_refreshes_itself_keeps_no_session_alive_but_autosave_does(signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    with after(minutes=20):
        assert signed_in.get(ACCOUNT, headers=HTMX).status_code == 200
    with after(minutes=31):
        assert signed_in.get(ACCOUNT, headers=HTMX).status_code == 204
    other = client_signed_in(PersonFactory.create())
    other.get(ACCOUNT)
    with after(minutes=20):
        other.post("/compte/sessions/", headers=HTMX)
    with after(minutes=31):
        assert other.get(ACCOUNT).status_code == 200


def test_activity_is_written_once_a_minute_at_most(signed_in: Browser) -> None:
    signed_in.get(ACCOUNT)
    seen = signed_in.session["seen_at"]
    with after(seconds=50):
        signed_in.get(ACCOUNT)
    assert signed_in.session["seen_at"] == seen
    with after(seconds=61):
        signed_in.get(ACCOUNT)
    assert signed_in.session["seen_at"] > seen


def test_an_invented_reason_shows_no_message() -> None:
    assert b"session has ended" not in Browser().get("/connexion/?ended=<b>x").content


def test_a_visitor_without_session_costs_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        Browser().get("/connexion/")


def test_expired_rows_are_deleted_and_open_ones_kept(signed_in: Browser) -> None:
    PortalSession.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    forget_expired()
    assert list(PortalSession.objects.values_list("session_key", flat=True)) == [signed_in.session.session_key]


def test_a_session_row_knows_its_store() -> None:
    assert PortalSession.get_session_store_class() is SessionStore
