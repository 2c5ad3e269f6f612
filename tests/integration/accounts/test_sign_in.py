"""Sign-in as a visitor meets it: two steps, kind refusals, no way to learn who has an account."""

import re
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.factors import recovery_codes_create
from apps.accounts.models import Person, PortalSession, RecoveryCode, Throttle, TotpDevice
from apps.accounts.rules import ACCOUNT_BACK_OFF, ADDRESS_BACK_OFF
from apps.audit.models import Event
from tests.factories.accounts import PASSWORD, Browser, PersonFactory, current_code
from tests.integration.accounts.conftest import give_code, give_password, sign_in

SIGN_IN, CODE, ENROL = "/connexion/", "/connexion/code/", "/connexion/enrolement/"
ACCOUNT = "/compte/"
STATEMENTS_OF_A_REFUSAL = 10


def page(response: Any) -> str:
    body: str = response.content.decode()
    return body


def input_of(response: Any, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page(response))
    assert found, f"no field {name}"
    return found.group()


@pytest.mark.django_db
def test_both_steps_open_the_portal_and_each_gives_the_session_a_new_key(person: Person) -> None:
    client = Browser()
    client.get(SIGN_IN)
    give_password(person, client)
    half_open = client.session.session_key
    assert client.last.url == CODE
    assert client.get(ACCOUNT).url.startswith(CODE)
    give_code(client, current_code(person))
    assert client.last.url == "/"
    assert client.session.session_key != half_open
    assert not PortalSession.objects.filter(session_key=half_open).exists()
    assert client.get(ACCOUNT).status_code == 200


@pytest.mark.django_db
def test_the_session_s_row_names_its_person(person: Person) -> None:
    sign_in(person)
    assert PortalSession.objects.get().person == person


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["{email}", " {EMAIL} "])
def test_capitals_and_spaces_around_the_address_do_not_matter(person: Person, email: str) -> None:
    typed = email.format(email=person.email, EMAIL=person.email.upper())
    assert Browser().post(SIGN_IN, {"email": typed, "password": PASSWORD}).url == CODE


@pytest.mark.django_db
def test_a_wrong_password_and_an_unknown_account_get_the_very_same_answer(person: Person) -> None:
    answers = set()
    for email in (person.email, "personne@exemple.fr"):
        response = Browser().post(SIGN_IN, {"email": email, "password": "wrong wrong wrong"})
        assert response.status_code == 422
        assert f'value="{email}"' in input_of(response, "email")
        assert "wrong wrong wrong" not in page(response)
        body = re.sub(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"|<code>\w+</code>', "", page(response))
        answers.add(body.replace(email, "…"))
    assert len(answers) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["unknown", "known", "inactive", "without password"])
def test_every_refusal_costs_one_password_hash_and_the_same_statements(state: str) -> None:
    if state != "unknown":
        PersonFactory.create(
            email="x@exemple.fr",
            is_active=state != "inactive",
            password=None if state == "without password" else PASSWORD,
        )
    hasher = hashers.get_hasher()
    client = Browser()
    with (
        mock.patch.object(type(hasher), "encode", autospec=True, side_effect=type(hasher).encode) as hashed,
        CaptureQueriesContext(connection) as queries,
    ):
        response = client.post(SIGN_IN, {"email": "x@exemple.fr", "password": "wrong wrong wrong"})
    assert response.status_code == 422
    assert hashed.call_count == 1
    assert len(queries) == STATEMENTS_OF_A_REFUSAL


@pytest.mark.django_db
def test_somebody_inactive_is_refused_with_the_right_password() -> None:
    person = PersonFactory.create(is_active=False)
    assert give_password(person).last.status_code == 422


@pytest.mark.django_db
def test_deactivation_ends_an_open_session_at_the_next_request(signed_in: Browser, person: Person) -> None:
    Person.objects.update(is_active=False)
    assert signed_in.get(ACCOUNT).url.startswith(SIGN_IN)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "", "Type your e-mail address."),
        ("email", "not an address", "This is not an e-mail address."),
        ("password", "", "Type your password."),
        ("password", "x" * 1025, "too long"),
    ],
)
def test_a_bad_value_is_told_beside_its_field_and_costs_no_attempt(
    person: Person, field: str, value: str, message: str
) -> None:
    client = Browser(headers={"accept-language": "en"})
    response = client.post(SIGN_IN, {"email": person.email, "password": PASSWORD, field: value})
    assert response.status_code == 422
    tag = input_of(response, field)
    assert 'aria-invalid="true"' in tag
    assert f"id_{field}_error" in tag
    error = re.search(rf'id="id_{field}_error".*?</div>', page(response), re.DOTALL)
    assert error
    assert message in error.group()
    assert f'href="#id_{field}"' in page(response)
    assert not Throttle.objects.exists()


@pytest.mark.django_db
def test_what_was_typed_is_kept_except_the_password(person: Person) -> None:
    response = Browser().post(SIGN_IN, {"email": "almost@", "password": PASSWORD})
    assert 'value="almost@"' in input_of(response, "email")
    assert PASSWORD not in page(response)


@pytest.mark.django_db
def test_fields_are_known_to_password_managers(newcomer: Person, person: Person) -> None:
    first = Browser().get(SIGN_IN)
    assert 'autocomplete="username"' in input_of(first, "email")
    assert 'autocomplete="current-password"' in input_of(first, "password")
    for somebody, address in ((person, CODE), (newcomer, ENROL)):
        client = give_password(somebody)
        assert 'autocomplete="one-time-code"' in input_of(client.get(address), "code")


@pytest.mark.django_db
def test_an_account_is_slowed_down_with_a_sentence_and_opens_again(person: Person) -> None:
    client = Browser(headers={"accept-language": "en"})
    for _ in range(ACCOUNT_BACK_OFF.free + 1):
        give_password(person, client, password="wrong wrong wrong")
    give_password(person, client)
    assert client.last.status_code == 422
    assert re.search(r"Too many attempts\. Try again in \d seconds?\.", page(client.last))
    Throttle.objects.update(blocked_until=timezone.now())
    assert give_password(person, client).last.url == CODE
    assert Throttle.objects.get(key__startswith="account").failures == 0


@pytest.mark.django_db
def test_an_address_is_slowed_down_across_accounts(person: Person) -> None:
    for guess in range(ADDRESS_BACK_OFF.free + 1):
        Browser().post(SIGN_IN, {"email": f"{guess}@exemple.fr", "password": "wrong wrong wrong"})
    assert give_password(person).last.status_code == 422
    other = Browser(REMOTE_ADDR="198.51.100.9")
    assert give_password(person, other).last.url == CODE


@pytest.mark.django_db
def test_a_good_sign_in_does_not_clear_its_address(person: Person) -> None:
    for guess in range(3):
        Browser().post(SIGN_IN, {"email": f"{guess}@exemple.fr", "password": "wrong wrong wrong"})
    give_password(person)
    assert Throttle.objects.get(key__startswith="address").failures == 3


@pytest.mark.django_db
def test_events_tell_the_steps_and_hold_no_e_mail(person: Person) -> None:
    give_password(person, password="wrong wrong wrong")
    Browser().post(SIGN_IN, {"email": "personne@exemple.fr", "password": "wrong wrong wrong"})
    client = give_code(give_password(person), "000000")
    give_code(client, current_code(person))
    client.post("/deconnexion/")
    told = [(event.action, event.actor, event.object_id) for event in Event.objects.order_by("pk")]
    me, portal = str(person.pk), "system:web"
    assert told == [
        ("session.password_refused", portal, me),
        ("session.password_refused", portal, "unknown"),
        ("session.password_accepted", portal, me),
        ("second_factor.refused", me, me),
        ("second_factor.accepted", me, me),
        ("session.opened", me, me),
        ("session.closed", me, me),
    ]
    assert "@" not in str(list(Event.objects.values("action", "actor", "object_kind", "object_id", "data")))


@pytest.mark.django_db
def test_a_wrong_code_is_told_beside_the_field(person: Person) -> None:
    client = give_code(give_password(person), "000 000")
    assert client.last.status_code == 422
    assert 'aria-invalid="true"' in input_of(client.last, "code")
    assert "already been used" in page(client.last)


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "12345", "x" * 41, "not a code"])
def test_a_malformed_code_is_refused_by_its_shape(person: Person, code: str) -> None:
    client = give_code(give_password(person), code)
    assert client.last.status_code == 422
    assert not Event.objects.filter(action="second_factor.refused").exists()


@pytest.mark.django_db
def test_a_code_opens_one_session_only(person: Person) -> None:
    code = current_code(person)
    assert give_code(give_password(person), code).last.url == "/"
    assert give_code(give_password(person), code).last.status_code == 422


@pytest.mark.django_db
def test_a_recovery_code_opens_once_in_place_of_the_application(person: Person) -> None:
    codes = recovery_codes_create(TotpDevice.objects.get(user=person))
    client = give_code(give_password(person), codes[0].lower())
    assert client.last.url == "/"
    assert "You used a recovery code; 9 are left." in page(client.get(ACCOUNT))
    assert give_code(give_password(person), codes[0]).last.status_code == 422
    assert RecoveryCode.objects.filter(used_at=None).count() == 9


@pytest.mark.django_db
def test_the_code_page_of_somebody_already_in_leads_on(signed_in: Browser) -> None:
    assert signed_in.get(f"{CODE}?next=/compte/").url == ACCOUNT
    assert signed_in.get(SIGN_IN).url == CODE


@pytest.mark.django_db
def test_the_way_back_survives_both_steps(person: Person) -> None:
    first = Browser().get(ACCOUNT)
    assert first.url == "/connexion/?next=/compte/"
    client = give_password(person, query="?next=/compte/mot-de-passe/")
    assert client.last.url == "/connexion/code/?next=%2Fcompte%2Fmot-de-passe%2F"
    give_code(client, current_code(person), query="?next=/compte/mot-de-passe/")
    assert client.last.url == "/compte/mot-de-passe/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target",
    [
        "https://ailleurs.example/compte/",
        "//ailleurs.example/compte/",
        "http://testserver//ailleurs.example/",
        "/\\ailleurs.example",
        "javascript:alert(1)",
        "compte/",
        "/deconnexion/",
        "/compte/sessions/",
        "/connexion/",
        "/rien/",
        "",
    ],
)
def test_no_way_back_leads_elsewhere_or_to_a_command(person: Person, target: str) -> None:
    client = Browser()
    client.post(f"{SIGN_IN}", {"email": person.email, "password": PASSWORD})
    response = client.post(CODE, {"code": current_code(person)}, query_params={"next": target})
    assert response.url == "/"


@pytest.mark.django_db
def test_a_way_back_given_in_full_is_reduced_to_its_path(person: Person) -> None:
    client = give_password(person)
    response = client.post(CODE, {"code": current_code(person)}, query_params={"next": "http://testserver/compte/?a=b"})
    assert response.url == "/compte/?a=b"


@pytest.mark.django_db
def test_signing_out_ends_the_session_on_the_server(signed_in: Browser, person: Person) -> None:
    key = signed_in.session.session_key
    assert signed_in.get("/deconnexion/").status_code == 405
    assert signed_in.post("/deconnexion/").url == "/"
    assert not PortalSession.objects.filter(session_key=key).exists()
    assert signed_in.get(ACCOUNT).url.startswith(SIGN_IN)
    assert Event.objects.get().data == {"reason": "signed_out"}


@pytest.mark.django_db
def test_signing_out_without_a_session_is_harmless() -> None:
    assert Browser().post("/deconnexion/").url == "/"
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_posts_without_csrf_token_are_refused(person: Person) -> None:
    client = Browser(enforce_csrf_checks=True)
    for address in (SIGN_IN, "/deconnexion/", "/langue/"):
        assert client.post(address, {"email": person.email, "password": PASSWORD}).status_code == 403


@pytest.mark.django_db
def test_pages_behind_sign_in_are_stored_nowhere(signed_in: Browser) -> None:
    assert "no-store" in signed_in.get(ACCOUNT)["Cache-Control"]


@pytest.mark.django_db
def test_after_sign_in_the_pages_speak_the_person_s_language(person: Person) -> None:
    client = give_password(person, Browser(headers={"accept-language": "fr"}))
    assert client.cookies["django_language"].value == "en"
    assert '<html lang="en"' in page(client.get(CODE))


@pytest.mark.django_db
def test_a_known_person_is_named_in_events_by_identifier(person: Person) -> None:
    sign_in(person)
    assert UUID(Event.objects.get(action="session.opened").actor) == person.pk
    assert reverse("accounts:sign_in") == SIGN_IN
