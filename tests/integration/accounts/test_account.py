"""The account page: what it says, and what can be changed from it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest

from apps.accounts.models import Person, PortalSession, Throttle
from apps.accounts.rules import ACCOUNT_BACK_OFF
from apps.accounts.selectors import session_mark
from apps.audit.models import Event
from tests.factories.accounts import (
    PASSWORD,
    Browser,
    MandateFactory,
    PersonFactory,
    StaffRoleFactory,
    client_signed_in,
    current_code,
)
from tests.integration.accounts.conftest import give_password, sign_in

ACCOUNT, PASSWORD_PAGE, SESSIONS, LANGUAGE = "/compte/", "/compte/mot-de-passe/", "/compte/sessions/", "/langue/"
NEW = "une autre phrase que personne n'attend"

pytestmark = pytest.mark.django_db


def page(client: Browser) -> str:
    return client.get(ACCOUNT).content.decode()


def test_it_says_who_i_am_and_for_whom_i_act(person: Person, signed_in: Browser) -> None:
    MandateFactory.create(person=person, organisation__name="Institut du test", ends_on=date(2099, 12, 31))
    StaffRoleFactory.create(person=person, role="auditor")
    body = page(signed_in)
    for words in (person.email, person.full_name, "Institut du test", "auditor", "2099"):
        assert words in body


def test_without_a_mandate_it_says_what_to_do(signed_in: Browser) -> None:
    assert "None today" in page(signed_in)


@pytest.mark.parametrize("lines", [1, 40])
def test_the_number_of_statements_does_not_grow(
    person: Person,
    signed_in: Browser,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
    lines: int,
) -> None:
    signed_in.get(ACCOUNT)
    for _ in range(lines):
        MandateFactory.create(person=person)
        client_signed_in(person)
    with django_assert_num_queries(8):
        signed_in.get(ACCOUNT)


def test_it_lists_my_sessions_and_nobody_else_s(person: Person) -> None:
    mine = Browser(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    give_password(person, mine)
    client = sign_in(person)
    give_password(PersonFactory.create(), Browser(headers={"user-agent": "Windows Chrome/1"}))
    body = page(client)
    assert "Firefox, Linux" in body
    assert "Password given, code awaited" in body
    assert "This session" in body
    assert "Windows" not in body


def test_i_end_my_other_sessions_and_keep_this_one(person: Person) -> None:
    others = [client_signed_in(person), client_signed_in(person)]
    stranger = client_signed_in(PersonFactory.create())
    client = client_signed_in(person)
    assert client.post(SESSIONS).url == ACCOUNT
    assert "2 other sessions were ended." in page(client)
    assert [other.get(ACCOUNT).status_code for other in others] == [302, 302]
    assert stranger.get(ACCOUNT).status_code == 200
    assert Event.objects.get(action="session.others_ended").data == {"ended": 2}


def test_i_end_one_session_and_nobody_else_s(person: Person, signed_in: Browser) -> None:
    """Given two other sessions, when I end one from my page, then that one alone ends; others' are out of reach."""
    others = [client_signed_in(person), client_signed_in(person)]
    stranger = client_signed_in(PersonFactory.create())
    page = signed_in.get(ACCOUNT)
    marks = {session_mark(other.session.session_key): other for other in others}
    assert all(f"/compte/sessions/{mark}/terminer/" in page.content.decode() for mark in marks)
    chosen = session_mark(others[0].session.session_key)
    assert signed_in.post(f"/compte/sessions/{chosen}/terminer/").url == ACCOUNT
    assert others[0].get(ACCOUNT).status_code == 302
    assert others[1].get(ACCOUNT).status_code == 200
    signed_in.post(f"/compte/sessions/{session_mark(stranger.session.session_key)}/terminer/")
    assert stranger.get(ACCOUNT).status_code == 200
    assert Event.objects.filter(action="session.others_ended").count() == 1


def test_ending_nothing_is_no_event(signed_in: Browser) -> None:
    signed_in.post(SESSIONS)
    assert not Event.objects.exists()


def form(person: Person, **changes: str) -> dict[str, str]:
    return {
        "current_password": PASSWORD,
        "new_password": NEW,
        "new_password_again": NEW,
        "otp_code": current_code(person),
        **changes,
    }


def test_the_password_changes_and_the_other_sessions_end(person: Person, signed_in: Browser) -> None:
    other = client_signed_in(person)
    before = signed_in.session.session_key
    assert signed_in.post(PASSWORD_PAGE, form(person)).url == ACCOUNT
    assert signed_in.session.session_key != before
    assert signed_in.get(ACCOUNT).status_code == 200
    assert other.get(ACCOUNT).status_code == 302
    assert give_password(person, password=NEW).last.status_code == 302
    assert give_password(person).last.status_code == 422
    assert Event.objects.filter(action="person.password_changed", actor=str(person.pk)).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("current_password", "", "Type your password."),
        ("current_password", "not the one", "This is not your present password."),
        ("new_password", "too short", "at least 15 characters"),
        ("new_password", PASSWORD, "choose another one"),
        ("new_password", "passwordpassword", "cannot repeat"),
        ("new_password", "1q2w3e4r5t6y7u8i9o0p", "too common"),
        ("new_password_again", "something else entirely", "differ"),
        ("otp_code", "", "Type a code."),
        ("otp_code", "12345", "six digits"),
        ("otp_code", "000000", "already been used"),
    ],
)
def test_a_bad_value_is_told_beside_its_field_and_changes_nothing(
    person: Person, signed_in: Browser, field: str, value: str, message: str
) -> None:
    response = signed_in.post(PASSWORD_PAGE, form(person, **{field: value}))
    body = response.content.decode()
    error = re.search(rf'id="id_{field}_error".*?</div>', body, re.DOTALL)
    assert response.status_code == 422
    assert error
    assert message in error.group()
    assert PASSWORD not in body
    assert Person.objects.get().check_password(PASSWORD)


def test_a_password_like_my_name_is_refused(signed_in: Browser, person: Person) -> None:
    Person.objects.update(given_name="Maximilienne", family_name="Robespierre")
    like = "maximilienne-robespierre"[:12] + "-x1"
    response = signed_in.post(PASSWORD_PAGE, form(person, new_password=like, new_password_again=like))
    assert response.status_code == 422
    assert "too similar" in response.content.decode()


def test_a_wrong_present_password_does_not_spend_the_code(person: Person, signed_in: Browser) -> None:
    sent = form(person)
    signed_in.post(PASSWORD_PAGE, sent | {"current_password": "not the one"})
    assert signed_in.post(PASSWORD_PAGE, sent).status_code == 302


def test_guessing_the_present_password_is_slowed_down_like_sign_in(person: Person, signed_in: Browser) -> None:
    for _ in range(ACCOUNT_BACK_OFF.free + 1):
        signed_in.post(PASSWORD_PAGE, form(person, current_password="not the one"))
    response = signed_in.post(PASSWORD_PAGE, form(person))
    assert response.status_code == 422
    assert "Too many attempts" in response.content.decode()
    assert Throttle.objects.get(key__startswith="account").failures == ACCOUNT_BACK_OFF.free + 1


def test_the_new_password_is_refused_before_the_present_one_is_tried(person: Person, signed_in: Browser) -> None:
    signed_in.post(PASSWORD_PAGE, form(person, new_password="short", new_password_again="short"))
    assert not Throttle.objects.exists()


def test_the_forms_of_the_account_show(signed_in: Browser) -> None:
    for address in (PASSWORD_PAGE, "/compte/second-facteur/"):
        assert signed_in.get(address).status_code == 200


@pytest.mark.parametrize("code", ["fr", "en"])
def test_the_language_is_kept_for_the_browser_and_the_person(person: Person, signed_in: Browser, code: str) -> None:
    response = signed_in.post(LANGUAGE, {"language": code, "next": ACCOUNT})
    assert response.url == ACCOUNT
    assert f'<html lang="{code}"' in page(signed_in)
    assert Person.objects.get().language == code


def test_a_visitor_chooses_a_language_too() -> None:
    client = Browser()
    client.post(LANGUAGE, {"language": "en", "next": "/connexion/"})
    assert '<html lang="en"' in client.get("/connexion/").content.decode()


@pytest.mark.parametrize("code", ["de", "", "fr; x"])
def test_an_unknown_language_changes_nothing(person: Person, signed_in: Browser, code: str) -> None:
    response = signed_in.post(LANGUAGE, {"language": code, "next": ACCOUNT})
    assert response.url == ACCOUNT
    assert "django_language" not in response.cookies
    assert Person.objects.get().language == "en"


def test_the_language_switch_leads_nowhere_else() -> None:
    assert Browser().post(LANGUAGE, {"language": "fr", "next": "https://ailleurs.example/"}).url == "/"


@pytest.mark.parametrize("address", [ACCOUNT, PASSWORD_PAGE, "/compte/second-facteur/"])
def test_nothing_of_an_account_shows_before_both_factors(person: Person, address: str) -> None:
    assert Browser().get(address).url.startswith("/connexion/?next=")
    assert give_password(person).get(address).url.startswith("/connexion/code/?next=")


def test_a_session_row_survives_without_its_times(person: Person) -> None:
    client = client_signed_in(person)
    client_signed_in(person)
    assert page(client).count("<tr>") == 1 + PortalSession.objects.count()
