"""Setting up, losing and replacing the second factor."""

import re
from base64 import b32decode
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from apps.accounts import browser_session
from apps.accounts.models import Person, PortalSession, TotpDevice
from apps.accounts.totp import code_at, counter_now
from apps.audit.models import Event
from tests.factories.accounts import Browser, client_signed_in, current_code
from tests.integration.accounts.conftest import give_code, give_password, sign_in

CODE, ENROL, RECOVERY = "/connexion/code/", "/connexion/enrolement/", "/connexion/codes-de-secours/"
REPLACE, ACCOUNT = "/compte/second-facteur/", "/compte/"

pytestmark = pytest.mark.django_db


def seed_shown(client: Browser) -> bytes:
    """The secret as the page writes it for typing."""
    found = re.search(r'id="seed"[^>]*>([A-Z2-7 ]+)<', client.get(ENROL).content.decode())
    assert found
    groups = found.group(1).split(" ")
    assert {len(group) for group in groups} == {4}
    return b32decode("".join(groups))


def enrolled(newcomer: Person, query: str = "") -> Browser:
    client = give_password(newcomer)
    seed = seed_shown(client)
    client.last = client.post(ENROL + query, {"code": code_at(seed, counter_now())})
    return client


def codes_shown(client: Browser) -> list[str]:
    return re.findall(r"<li><code>([A-Z2-7 ]+)</code></li>", client.get(RECOVERY).content.decode())


def test_a_newcomer_is_led_to_set_up_their_second_factor(newcomer: Person) -> None:
    client = give_password(newcomer)
    assert client.get(f"{CODE}?next=/compte/").url == f"{ENROL}?next=%2Fcompte%2F"
    assert client.get(ACCOUNT).url.startswith(CODE)


def test_the_page_draws_the_secret_without_any_script_or_style(newcomer: Person) -> None:
    body = give_password(newcomer).get(ENROL).content.decode()
    assert re.search(r'role="img" aria-label="[^"]+"><svg', body)
    assert not re.search(r'\sstyle="|<style|\son\w+="', body)


def test_a_first_code_opens_the_session_and_shows_ten_recovery_codes(newcomer: Person) -> None:
    client = enrolled(newcomer, "?next=/compte/mot-de-passe/")
    assert client.last.url == f"{RECOVERY}?next=%2Fcompte%2Fmot-de-passe%2F"
    codes = codes_shown(client)
    assert len(set(codes)) == 10
    assert codes_shown(client) == codes
    assert client.get(ACCOUNT).status_code == 200
    assert client.post(f"{RECOVERY}?next=/compte/mot-de-passe/").url == "/compte/mot-de-passe/"
    assert client.get(RECOVERY).url == "/"
    actions = list(Event.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["session.password_accepted", "second_factor.enrolled", "session.opened"]


def test_the_codes_shown_do_open_a_session(newcomer: Person) -> None:
    codes = codes_shown(enrolled(newcomer))
    assert give_code(give_password(newcomer), codes[9]).last.url == "/"


def test_neither_seed_nor_codes_stay_readable_in_the_session_row(newcomer: Person) -> None:
    client = give_password(newcomer)
    seed = seed_shown(client)
    client.post(ENROL, {"code": code_at(seed, counter_now())})
    shown = codes_shown(client)
    data = str(PortalSession.objects.get(person=newcomer).get_decoded())
    assert "enrolment_seed" not in data
    assert not any(code in data for code in shown)


def test_a_reload_shows_the_same_secret_and_another_session_another_one(newcomer: Person) -> None:
    first, second = give_password(newcomer), give_password(newcomer)
    assert seed_shown(first) == seed_shown(first) != seed_shown(second)


@pytest.mark.parametrize("code", ["", "12345", "000000", "ABCD EFGH 2345"])
def test_a_wrong_first_code_is_told_and_enrols_nothing(newcomer: Person, code: str) -> None:
    client = give_password(newcomer)
    seed = seed_shown(client)
    response = client.post(ENROL, {"code": code})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert seed_shown(client) == seed
    assert not TotpDevice.objects.exists()


def test_an_enrolment_overtaken_by_another_window_ends_at_sign_in(newcomer: Person) -> None:
    slow = give_password(newcomer)
    seed = seed_shown(slow)
    enrolled(newcomer)
    assert slow.post(ENROL, {"code": code_at(seed, counter_now())}).url.startswith("/connexion/?next=")
    assert TotpDevice.objects.count() == 1


def test_a_password_alone_cannot_replace_a_second_factor(person: Person) -> None:
    client = give_password(person)
    assert client.get(ENROL).url == CODE
    assert client.get(REPLACE).url.startswith(CODE)


def test_an_open_session_alone_cannot_replace_it_either(signed_in: Browser) -> None:
    assert signed_in.get(ENROL).url == CODE
    assert signed_in.post(ENROL, {"code": "123456"}).url == CODE


def test_a_second_factor_is_replaced_after_confirming_the_present_one(person: Person) -> None:
    other = sign_in(person)
    client = client_signed_in(person)
    old = TotpDevice.objects.get()
    assert client.post(REPLACE, {"code": current_code(person, 1)}).url == ENROL
    seed = seed_shown(client)
    assert client.post(ENROL, {"code": code_at(seed, counter_now())}).url == RECOVERY
    assert TotpDevice.objects.get().pk != old.pk
    assert TotpDevice.objects.get().seed_open() == seed
    assert client.get(ACCOUNT).status_code == 200
    assert other.get(ACCOUNT).status_code == 302
    assert client.get(ENROL).status_code == 302
    assert Event.objects.filter(action="second_factor.replaced", actor=str(person.pk)).exists()


def test_a_lost_device_is_replaced_with_recovery_codes(newcomer: Person) -> None:
    codes = codes_shown(enrolled(newcomer))
    client = give_code(give_password(newcomer), codes[0])
    assert client.post(REPLACE, {"code": codes[1]}).url == ENROL
    client.post(ENROL, {"code": code_at(seed_shown(client), counter_now())})
    assert give_code(give_password(newcomer), codes[2]).last.status_code == 422


def test_the_permission_to_replace_lapses_after_minutes(person: Person, signed_in: Browser) -> None:
    signed_in.post(REPLACE, {"code": current_code(person)})
    assert signed_in.get(ENROL).status_code == 200
    later = timezone.now() + timedelta(minutes=5)
    with mock.patch.object(browser_session.timezone, "now", return_value=later):
        assert signed_in.get(ENROL).url == CODE


def test_a_wrong_code_does_not_allow_a_replacement(signed_in: Browser) -> None:
    assert signed_in.post(REPLACE, {"code": "000000"}).status_code == 422
    assert signed_in.get(ENROL).url == CODE
