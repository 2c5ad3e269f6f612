"""What every answer carries, whatever it is: a page, a refusal, a file, nothing at all."""

import json
import os
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from hdh_portal.settings.startup import production_problems
from tests.factories.accounts import PersonFactory, client_signed_in
from tests.unit.settings.test_startup import good

pytestmark = pytest.mark.django_db

PAGES = ("/", "/connexion/", "/accessibilite/", "/nowhere/", "/healthz", "/static/core/portal.js")


def read(answer: HttpResponse) -> HttpResponse:
    answer.has_body = bool(answer.getvalue())
    answer.close()
    return answer


def answers() -> dict[str, HttpResponse]:
    signed_in = client_signed_in(PersonFactory.create())
    found = {
        **{path: Client().get(path) for path in PAGES},
        "signed in": signed_in.get(reverse("applications:list")),
        "refused method": Client().delete("/healthz"),
        "no token": Client(enforce_csrf_checks=True).post("/connexion/"),
    }
    return {what: read(answer) for what, answer in found.items()}


def policy(answer: HttpResponse) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: sources for name, _, sources in parts}


def test_every_answer_has_a_policy_that_lets_nothing_in_and_nobody_frame_it() -> None:
    for what, answer in answers().items():
        directives = policy(answer)
        for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
            assert directives[name] == "'none'", what


def test_no_script_or_style_is_let_in_by_anything_but_its_own_origin() -> None:
    """Without 'unsafe-inline', nonces or hashes there is nothing to guess: all of ours comes as files."""
    for what, answer in answers().items():
        directives = policy(answer)
        for name in ("script-src", "style-src"):
            assert directives.get(name, directives["default-src"]) in {"'self'", "'none'"}, what


def test_no_answer_is_guessed_at_embedded_elsewhere_or_tells_where_it_was_read() -> None:
    for what, answer in answers().items():
        assert answer["X-Content-Type-Options"] == "nosniff", what
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin", what
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin", what
        assert answer["Referrer-Policy"] == "same-origin", what
        assert "Access-Control-Allow-Origin" not in answer, what
        assert "X-Powered-By" not in answer, what


def test_what_has_a_body_says_its_type_and_its_letters() -> None:
    for what, answer in answers().items():
        kind, _, letters = answer["Content-Type"].replace('"', "").partition("; charset=")
        # RFC 8259, section 8.1: JSON is UTF-8 and has no charset parameter.
        assert letters == "utf-8" or kind == "application/json" or not answer.has_body, what


def test_what_a_signed_in_person_reads_is_stored_nowhere() -> None:
    page = answers()["signed in"]
    assert page["Cache-Control"] == "no-store, private"


def test_signing_out_empties_what_the_browser_kept() -> None:
    browser = client_signed_in(PersonFactory.create())
    assert browser.post(reverse("accounts:sign_out"))["Clear-Site-Data"] == '"cache", "storage"'


def test_a_page_that_does_not_exist_is_no_other_page() -> None:
    assert Client().get("/static/../hdh_portal/settings/base.py").status_code == 404
    assert Client().get("/static/").status_code == 404
    assert Client().get("/static/core/").status_code == 404
    assert Client().get("/.git/config").status_code == 404


def test_every_page_behind_sign_in_offers_to_sign_out() -> None:
    browser = client_signed_in(PersonFactory.create())
    for name in ("applications:list", "accounts:account", "accounts:password"):
        assert reverse("accounts:sign_out") in browser.get(reverse(name)).content.decode(), name


def settings_of_production(*names: str) -> dict[str, object]:
    environment = good("web")
    assert production_problems(environment) == ()
    show = (
        "import json, sys; from django.conf import settings; "
        "print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))"
    )
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", show, *names],
        env={**kept, **environment, "DJANGO_SETTINGS_MODULE": "hdh_portal.settings.prod"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_in_production_cookies_belong_to_this_host_and_travel_encrypted_alone() -> None:
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        found = settings_of_production(
            *(f"{cookie}_COOKIE_{part}" for part in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "DOMAIN", "PATH"))
        )
        name, secure, hidden, same_site, domain, path = found.values()
        assert str(name).startswith("__Host-")
        assert (secure, hidden, same_site, domain, path) == (True, True, "Lax", None, "/")


def test_in_production_messages_wait_in_a_cookie_of_this_host() -> None:
    found = settings_of_production("MESSAGE_STORAGE", "MESSAGE_COOKIE_NAME")
    assert list(found.values()) == ["apps.core.messages.MessageCookie", "__Host-hdh_messages"]


def test_in_production_browsers_are_held_to_https_for_two_years_with_all_below() -> None:
    found = settings_of_production(
        "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD", "DEBUG"
    )
    assert list(found.values()) == [True, 63_072_000, True, True, False]


def test_no_cookie_is_larger_than_browsers_keep() -> None:
    browser = client_signed_in(PersonFactory.create())
    browser.get(reverse("applications:list"))
    browser.post(reverse("accounts:sign_out"))
    assert all(len(name) + len(cookie.value) < 4096 for name, cookie in browser.cookies.items())
