"""Signing in through a real identity provider that runs beside the tests, and everything it may get wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from django.conf import settings as portal_settings
from django.urls import reverse

from apps.accounts.identity_models import LinkedIdentity
from apps.accounts.models import Person
from apps.audit.models import Event
from tests.architecture.sources import REPOSITORY
from tests.factories.accounts import Browser, PersonFactory, TotpDeviceFactory, client_signed_in, current_code
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.django_db(transaction=True)
BACK = f"{portal_settings.PORTAL_URL}/connexion/fournisseur/retour/"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.oidc_provider", "--redirect", BACK]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY)
    assert process.stdout
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture
def provider(address: str, settings: Any) -> str:
    settings.IDENTITY_PROVIDER = {
        "issuer": address,
        "name": "ProConnect",
        "authorization_url": f"{address}/authorize",
        "token_url": f"{address}/token",
        "jwks_url": f"{address}/keys",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "algorithm": "RS256",
        "sufficient_acr": frozenset({"eidas2"}),
    }
    spoil(address)
    return address


def spoil(address: str, **how: Any) -> None:
    body = json.dumps(how).encode()
    build_opener().open(Request(f"{address}/spoil", body, {"Content-Type": "application/json"})).close()


def says(going: str, subject: str, acr: str = "") -> str:
    """What the person does at the provider: gives the path, with code and state, that they are sent back to."""
    sent = urlencode({"subject": subject, "acr": acr}).encode()
    try:
        build_opener(_Stay()).open(Request(going, sent))
    except OSError as answer:
        location = answer.headers["Location"]  # type: ignore[attr-defined]
        answer.close()  # type: ignore[attr-defined]
    back = urlsplit(location)
    return f"{back.path}?{back.query}"


def begin(browser: Browser, next_path: str = "") -> str:
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    return str(browser.post(reverse("accounts:identity_begin") + query).url)


def linked(provider: str, subject: str = "martin") -> Person:
    person = PersonFactory.create()
    TotpDeviceFactory.create(user=person)
    LinkedIdentity.objects.create(person=person, issuer=provider, subject=subject)
    return person


def is_signed_in(browser: Browser) -> bool:
    return bool(browser.get(reverse("accounts:account")).status_code == 200)


def test_without_a_provider_the_pages_do_not_exist() -> None:
    assert Browser().post(reverse("accounts:identity_begin")).status_code == 404
    assert Browser().get(reverse("accounts:identity_return")).status_code == 404
    assert b"ProConnect" not in Browser().get(reverse("accounts:sign_in")).content


def test_the_provider_is_the_first_step_and_the_second_factor_remains(provider: str) -> None:
    person, browser = linked(provider), Browser()
    answer = browser.get(says(begin(browser, "/compte/"), "martin"))
    assert answer.url == "/connexion/code/?next=%2Fcompte%2F"
    assert not is_signed_in(browser)
    assert browser.post(answer.url, {"code": current_code(person)}).url == "/compte/"
    assert is_signed_in(browser)
    assert Event.objects.filter(action="session.identity_accepted", object_id=str(person.pk)).count() == 1


def test_a_strength_that_the_operator_finds_sufficient_opens_the_session(provider: str) -> None:
    linked(provider)
    strong, weak = Browser(), Browser()
    assert strong.get(says(begin(strong, "/compte/"), "martin", "eidas2")).url == "/compte/"
    assert is_signed_in(strong)
    assert weak.get(says(begin(weak), "martin", "eidas1")).url == "/connexion/code/"


def test_the_key_of_the_session_changes(provider: str) -> None:
    linked(provider)
    browser = Browser()
    going = begin(browser)
    before = browser.session.session_key
    browser.get(says(going, "martin"))
    assert browser.session.session_key != before


def test_an_unknown_subject_opens_nothing_even_with_the_address_of_somebody(provider: str) -> None:
    person, browser = linked(provider), Browser()
    spoil(provider, claims={"email": person.email, "email_verified": True})
    assert browser.get(says(begin(browser), "somebody-else")).url == "/connexion/"
    assert not is_signed_in(browser)
    assert Person.objects.count() == 1


def test_the_same_subject_of_another_issuer_is_somebody_else(provider: str) -> None:
    person = PersonFactory.create()
    LinkedIdentity.objects.create(person=person, issuer="https://other.example", subject="martin")
    browser = Browser()
    assert browser.get(says(begin(browser), "martin")).url == "/connexion/"


def test_somebody_inactive_is_not_let_in(provider: str) -> None:
    person, browser = linked(provider), Browser()
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert browser.get(says(begin(browser), "martin")).url == "/connexion/"


@pytest.mark.parametrize(
    "how",
    [
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": [CLIENT_ID, "another client"]}},
        {"claims": {"azp": "another client"}},
        {"claims": {"exp": 1}},
        {"claims": {"exp": None}},
        {"claims": {"iat": 1}},
        {"claims": {"iat": 9_999_999_999}},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": None}},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"key": "other"},
        {"down": True},
    ],
    ids=str,
)
def test_what_is_not_right_in_the_answer_opens_nothing(provider: str, how: dict[str, Any]) -> None:
    linked(provider)
    spoil(provider, **how)
    browser = Browser()
    assert browser.get(says(begin(browser), "martin", "eidas2")).url == "/connexion/"
    assert not is_signed_in(browser)


def test_an_answer_is_worth_one_session_of_the_browser_that_asked(provider: str) -> None:
    linked(provider)
    asked, other = Browser(), Browser()
    back = says(begin(asked), "martin", "eidas2")
    begin(other)
    assert other.get(back).url == "/connexion/"
    assert Browser().get(back).url == "/connexion/"
    assert asked.get(back).url == "/"
    asked.post(reverse("accounts:sign_out"))
    assert asked.get(back).url == "/connexion/"


def test_a_code_used_by_somebody_else_before_is_refused(provider: str) -> None:
    linked(provider)
    browser = Browser()
    back = says(begin(browser), "martin", "eidas2")
    code = parse_qs(urlsplit(back).query)["code"][0]
    sent = urlencode({"code": code, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code_verifier": "guess"})
    with pytest.raises(OSError, match="400"):
        build_opener().open(Request(f"{provider}/token", sent.encode()))
    assert browser.get(back).url == "/connexion/"


def test_a_journey_lasts_ten_minutes_and_a_refusal_at_the_provider_is_told(provider: str) -> None:
    linked(provider)
    late, declined = Browser(), Browser()
    back = says(begin(late), "martin", "eidas2")
    session = late.session
    session["identity_journey"] = {**session["identity_journey"], "begun": 0}
    session.save()
    assert late.get(back).url == "/connexion/"
    state = parse_qs(urlsplit(begin(declined)).query)["state"][0]
    assert declined.get(f"{reverse('accounts:identity_return')}?error=access_denied&state={state}").url == "/connexion/"


def test_what_is_asked_is_the_least_and_cannot_be_guessed(provider: str) -> None:
    first, second = (parse_qs(urlsplit(begin(Browser())).query) for _ in range(2))
    assert first["scope"] == ["openid"]
    assert first["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name][0]) >= 43


def link(browser: Browser, person: Person, provider: str, subject: str) -> Any:
    """Press the button, confirm with a code, go to the provider and come back."""
    asked = browser.post(reverse("accounts:identity_link"), HTTP_REFERER=f"{portal_settings.PORTAL_URL}/compte/")
    assert asked.url.startswith("/compte/confirmer/")
    browser.post(asked.url, {"otp_code": current_code(person)})
    going = browser.post(reverse("accounts:identity_link")).url
    assert going.startswith(provider)
    return browser.get(says(going, subject))


def test_a_link_is_made_from_a_signed_in_session_against_the_second_factor_and_ended_so(provider: str) -> None:
    person = PersonFactory.create()
    browser = client_signed_in(person)
    assert link(browser, person, provider, "martin").url == "/compte/"
    assert LinkedIdentity.objects.get(person=person).subject == "martin"
    assert browser.post(reverse("accounts:identity_unlink")).url.startswith("/compte/confirmer/")
    assert LinkedIdentity.objects.filter(person=person).exists()


def test_an_identity_is_one_person_s_and_a_person_has_one(provider: str) -> None:
    linked(provider, "martin")
    person = PersonFactory.create()
    browser = client_signed_in(person)
    link(browser, person, provider, "martin")
    assert not LinkedIdentity.objects.filter(person=person).exists()
    LinkedIdentity.objects.create(person=person, issuer=provider, subject="first")
    page = browser.get(reverse("accounts:account")).content.decode()
    assert "déjà liée à un autre compte" in page
