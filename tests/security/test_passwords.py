"""Passwords that an attacker of this portal tries first."""

import hashlib
from pathlib import Path

import pytest
from django.conf import global_settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.rules import is_made_of_our_words
from apps.accounts.validators import BreachedPasswordValidator, OwnWordsValidator, is_listed
from tests.factories.accounts import PersonFactory


@pytest.mark.parametrize(
    "password", ["HealthDataHub-2027!", "snds snds snds 2026", "Données-de-Santé-75", "portail.CESREES.99"]
)
def test_our_own_words_with_decoration_are_refused(password: str) -> None:
    assert is_made_of_our_words(password)
    with pytest.raises(ValidationError):
        OwnWordsValidator().validate(password)


@pytest.mark.parametrize(
    "password",
    ["the health of seven brown otters", "84729183746152839", "demonstration-hdh-2027", "une phrase assez longue"],
)
def test_a_sentence_may_hold_one_of_them_and_figures_hold_none(password: str) -> None:
    assert not is_made_of_our_words(password)
    OwnWordsValidator().validate(password)


def digest_of(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def breaches(folder: Path, passwords: list[str]) -> Path:
    digests = sorted(map(digest_of, passwords))
    path = folder / "breached.txt"
    path.write_text("".join(f"{digest}:{number}\n" for number, digest in enumerate(digests)))
    return path


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_every_listed_password_is_found_and_no_other(tmp_path: Path, count: int) -> None:
    listed = [f"password number {number}" for number in range(count)]
    path = breaches(tmp_path, listed)
    digest = [digest_of(one).encode() for one in [*listed, "another"]]
    assert [is_listed(path, one) for one in digest] == [True] * count + [False]


def test_a_breached_password_is_refused(tmp_path: Path, settings) -> None:
    settings.BREACHED_PASSWORDS_FILE = breaches(tmp_path, ["correct horse battery staple"])
    BreachedPasswordValidator().validate("a sentence nobody published")
    with pytest.raises(ValidationError):
        BreachedPasswordValidator().validate("correct horse battery staple")


def test_a_file_that_cannot_be_read_accepts_nothing(tmp_path: Path, settings) -> None:
    settings.BREACHED_PASSWORDS_FILE = tmp_path / "absent"
    with pytest.raises(OSError, match="absent"):
        BreachedPasswordValidator().validate("a sentence nobody published")


def test_without_a_file_nothing_is_looked_into(settings, monkeypatch) -> None:
    looked: list[object] = []
    monkeypatch.setattr("apps.accounts.validators.is_listed", lambda *asked: looked.append(asked))
    settings.BREACHED_PASSWORDS_FILE = None
    BreachedPasswordValidator().validate("correct horse battery staple")
    assert looked == []


@pytest.mark.django_db
def test_a_long_password_is_taken_exactly_as_typed() -> None:
    password = "  Éléphant " * 30 + "\u00a0end "
    person = PersonFactory.create()
    person.set_password(password)
    assert person.check_password(password)
    assert not person.check_password(password.strip())
    assert not person.check_password(password[:128])
    validate_password(password, person)


def test_passwords_are_kept_by_a_slow_salted_function_and_renewed_with_it(settings) -> None:
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    first, second = make_password("a sentence nobody published"), make_password("a sentence nobody published")
    assert first != second
    algorithm, iterations, _ = first.split("$", 2)
    assert algorithm == "pbkdf2_sha256"
    assert int(iterations) >= 600_000  # OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256
