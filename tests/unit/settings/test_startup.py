"""Production refuses what only suits development, in sentences."""

import os
import subprocess
import sys

import pytest

from hdh_portal.settings import base
from hdh_portal.settings.startup import DEVELOPMENT_SECRET, WORK_FOLDER, ZONES, production_problems

STRONG = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
COMMON = {
    "DATABASE_URL": "postgresql://portal@db/portal?sslmode=verify-full",
    "HDH_SECRET_KEY": STRONG,
    "HDH_PORTAL_URL": "https://portail.example.fr",
    "HDH_GATEWAY_ORIGIN": "https://ws-{id}.espaces.example.fr",
    "HDH_ALLOWED_HOSTS": "portail.example.fr",
}
VALUES = {
    "HDH_FIELD_KEY": STRONG[::-1],
    "HDH_DOCUMENT_KEY": STRONG[9:] + STRONG[:9],
    "CELERY_BROKER_URL": "rediss://broker/0",
    "HDH_PLATFORM_SIREN": "123456782",
    "HDH_EMAIL_URL": "smtps://portail:secret@mail.example.fr",
}


def good(zone: str) -> dict[str, str]:
    own = {name: VALUES.get(name, "/srv/hdh") for name in ZONES[zone]}
    return {**COMMON, **own, "HDH_ZONE": zone}


@pytest.mark.parametrize("zone", ZONES)
def test_each_zone_starts_with_exactly_what_it_needs(zone: str) -> None:
    assert production_problems(good(zone)) == ()


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_without_what_it_needs_is_told_all_at_once(zone: str) -> None:
    problems = production_problems({"HDH_ZONE": zone})
    assert set(problems) == {f"{name} is missing." for name in {*COMMON, *ZONES[zone]} - WORK_FOLDER}


def test_deliveries_to_an_object_store_need_a_folder_to_work_in_and_no_other_zone_may_see_it() -> None:
    given = {**good("extract"), "HDH_DELIVERY_DIR": "s3://deliveries/prefix"}
    assert production_problems(given) == ()
    del given["HDH_EXTRACT_WORK_DIR"]
    assert production_problems(given) == ("HDH_EXTRACT_WORK_DIR is missing.",)
    assert production_problems({**given, "HDH_DELIVERY_DIR": "/srv/hdh"}) == ()
    (problem,) = production_problems({**good("provision"), "HDH_EXTRACT_WORK_DIR": "/srv/hdh"})
    assert problem.startswith("HDH_EXTRACT_WORK_DIR is set")


def test_production_sends_by_a_mail_server_and_by_nothing_else() -> None:
    problems = production_problems({**good("default"), "HDH_EMAIL_URL": "console:"})
    assert problems == (
        "HDH_EMAIL_URL must begin with smtp:// or smtps://: other ways of sending are for development.",
    )


@pytest.mark.parametrize(
    ("zone", "foreign"),
    [
        ("web", "HDH_SOURCE_DIR"),
        ("web", "HDH_KEYRING_FILE"),
        ("gateway", "HDH_FIELD_KEY"),
        ("gateway", "CELERY_BROKER_URL"),
        ("provision", "HDH_KEYRING_FILE"),
        ("extract", "HDH_FIELD_KEY"),
    ],
)
def test_a_zone_must_not_know_what_is_another_s(zone: str, foreign: str) -> None:
    problems = production_problems({**good(zone), foreign: STRONG})
    assert f"{foreign} is set, and a process of the zone {zone} must not have it." in problems


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"HDH_ZONE": "everything"}, "HDH_ZONE must be one of web, default, extract, provision, beat, gateway."),
        ({"HDH_SECRET_KEY": DEVELOPMENT_SECRET}, "HDH_SECRET_KEY has the value of development."),
        ({"HDH_FIELD_KEY": DEVELOPMENT_SECRET}, "HDH_FIELD_KEY has the value of development."),
        ({"HDH_SECRET_KEY": "short"}, "HDH_SECRET_KEY is too weak: at least 50 random characters."),
        ({"HDH_SECRET_KEY": "ab" * 40}, "HDH_SECRET_KEY is too weak: at least 50 random characters."),
        ({"HDH_FIELD_KEY": STRONG}, "HDH_SECRET_KEY, HDH_FIELD_KEY, HDH_DOCUMENT_KEY must differ."),
        ({"HDH_PORTAL_URL": "http://portail.example.fr"}, "HDH_PORTAL_URL must begin with https://."),
        (
            {"HDH_GATEWAY_ORIGIN": "http://ws-{id}.espaces.example.fr"},
            "HDH_GATEWAY_ORIGIN must begin with https://.",
        ),
        (
            {"HDH_GATEWAY_ORIGIN": "https://espaces.example.fr/{id}"},
            "HDH_GATEWAY_ORIGIN must hold {id} in its first label, so that each workspace has an origin of its own.",
        ),
        (
            {"HDH_ALLOWED_HOSTS": "*,portail.example.fr"},
            "HDH_ALLOWED_HOSTS must name hosts, without * and without a leading dot.",
        ),
        (
            {"HDH_ALLOWED_HOSTS": "other.example.fr"},
            "HDH_ALLOWED_HOSTS must hold portail.example.fr, the host of HDH_PORTAL_URL.",
        ),
        (
            {"DATABASE_URL": "postgresql://portal@db/portal?sslmode=require"},
            "DATABASE_URL must end with sslmode=verify-full (or reach PostgreSQL by a socket: host=/folder).",
        ),
        (
            {"CELERY_BROKER_URL": "redis://broker/0"},
            "CELERY_BROKER_URL must begin with one of rediss://, amqps://, redis+socket://.",
        ),
        ({"HDH_DEMO": "1"}, "HDH_DEMO belongs to the demonstration."),
        ({"HDH_UNSCANNED_DOCUMENTS": "1"}, "HDH_UNSCANNED_DOCUMENTS belongs to the demonstration."),
        ({"HDH_PLATFORM_SIREN": base.PLATFORM_SIREN}, "HDH_PLATFORM_SIREN has the value of the demonstration."),
        ({"HDH_PLATFORM_SIREN": "12345678X"}, "HDH_PLATFORM_SIREN must have 9 digits."),
        ({"HDH_PLATFORM_SIREN": "12345"}, "HDH_PLATFORM_SIREN must have 9 digits."),
        ({"HDH_KEY_SERVICE": "safe"}, "HDH_KEY_SERVICE must be one of keyring, scaleway."),
        ({"HDH_DEMO_PASSWORD": "x"}, "HDH_DEMO_PASSWORD belongs to the demonstration."),
    ],
)
def test_what_does_not_suit_production_is_refused(change: dict[str, str], sentence: str) -> None:
    assert production_problems({**good("web"), **change}) == (sentence,)


def test_a_database_behind_a_socket_needs_no_certificate() -> None:
    by_socket = {"DATABASE_URL": "postgresql://portal@/portal?host=/run/postgresql"}
    assert production_problems({**good("web"), **by_socket}) == ()


def test_the_refused_value_is_the_one_development_uses() -> None:
    assert base.DEVELOPMENT_SECRET == DEVELOPMENT_SECRET


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    show = (
        "import hdh_portal.wsgi; from django.conf import settings as s; "
        "print(s.DEBUG, s.DEMO_MODE, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0)"
    )
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    inherited = {**measured, "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "hdh_portal.settings.prod"}
    return subprocess.run(
        [sys.executable, "-c", show], env={**inherited, **environment}, capture_output=True, text=True, check=False
    )


def test_a_process_of_production_starts_closed_and_secure() -> None:
    done = start(good("web"))
    assert done.stdout.split() == ["False", "False", "True", "True"], done.stderr


def test_a_process_with_development_s_secret_does_not_start() -> None:
    done = start({**good("web"), "HDH_SECRET_KEY": DEVELOPMENT_SECRET})
    assert done.returncode == 1
    assert "HDH_SECRET_KEY has the value of development." in done.stderr
