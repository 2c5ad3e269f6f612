"""A passkey is a second factor: bound to the portal's origin, to its person, to one challenge, its user verified."""

from typing import Any

import pytest
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts.models import PasskeyChallenge, Person
from apps.accounts.passkeys import MOST_PASSKEYS
from apps.accounts.rules import STEP_UP_LIFE
from apps.accounts.stepping_up import step_ups_forget
from apps.audit.models import Event
from tests.factories.accounts import Browser, PersonFactory, StaffRoleFactory, client_signed_in, current_code
from tests.integration.accounts.conftest import add_passkey as add
from tests.integration.accounts.conftest import device, give_password
from tests.support.authenticator import PRESENT, Authenticator

pytestmark = pytest.mark.django_db
ADD, ADD_OPTIONS = "/compte/cles/ajouter/", "/compte/cles/options/"
USE, USE_OPTIONS = "/connexion/cle/", "/connexion/cle/options/"


def use(client: Browser, authenticator: Authenticator) -> Any:
    """Answer a fresh challenge on the second page of sign-in."""
    challenge = client.post(USE_OPTIONS).json()["challenge"]
    return client.post(USE, {"credential": authenticator.signed(challenge)})


def test_a_passkey_is_added_with_a_code_and_the_other_sessions_end(signed_in: Browser, person: Person) -> None:
    other = client_signed_in(person)
    page = signed_in.get("/compte/cles/").content.decode()
    assert "None yet." in page
    add(signed_in, person, device())
    assert "Bureau" in signed_in.get("/compte/cles/").content.decode()
    assert other.get("/compte/").status_code == 302
    assert Event.objects.get(action="passkey.added").actor == str(person.pk)


def test_a_passkey_opens_a_session_and_the_session_says_so(person: Person, authenticator: Authenticator) -> None:
    client = give_password(person)
    assert "Use my passkey" in client.get("/connexion/code/").content.decode()
    assert use(client, authenticator).status_code == 302
    assert client.get("/compte/").status_code == 200
    assert Event.objects.filter(action="session.opened", data__kind="passkey").exists()


def test_options_always_ask_that_the_user_be_verified(signed_in: Browser, person: Person) -> None:
    assert signed_in.post(ADD_OPTIONS).json()["authenticatorSelection"]["userVerification"] == "required"
    assert give_password(person).post(USE_OPTIONS).json()["userVerification"] == "required"


@pytest.mark.parametrize(
    "other",
    [
        {"flags": PRESENT},
        {"origin": "https://portail.exemple.net"},
        {"host": "exemple.net"},
        {"credential_id": b"a passkey that nobody has added"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_no_session_for_a_user_not_verified_another_origin_another_host_or_an_unknown_key(
    person: Person, authenticator: Authenticator, other: dict[str, Any]
) -> None:
    client = give_password(person)
    assert use(client, device(**other, count=5)).status_code == 422
    assert client.get("/compte/").status_code == 302
    assert Event.objects.filter(action="second_factor.refused", data__kind="passkey").count() == 1


def test_the_passkey_of_somebody_else_opens_nothing(authenticator: Authenticator) -> None:
    stranger = PersonFactory.create()
    client = give_password(stranger)
    assert use(client, authenticator).status_code == 422


def test_an_answer_is_worth_one_session(person: Person, authenticator: Authenticator) -> None:
    client, thief = give_password(person), give_password(person)
    answer = authenticator.signed(client.post(USE_OPTIONS).json()["challenge"])
    assert client.post(USE, {"credential": answer}).status_code == 302
    assert thief.post(USE, {"credential": answer}).status_code == 422


def test_a_challenge_for_adding_does_not_sign_in_and_an_old_one_neither(
    signed_in: Browser, person: Person, authenticator: Authenticator
) -> None:
    client = give_password(person)
    for_adding = signed_in.post(ADD_OPTIONS).json()["challenge"]
    assert client.post(USE, {"credential": authenticator.signed(for_adding)}).status_code == 422
    old = client.post(USE_OPTIONS).json()["challenge"]
    row = PasskeyChallenge.objects.latest("made_at")
    PasskeyChallenge.objects.filter(pk=row.pk).update(made_at=row.made_at - STEP_UP_LIFE)
    assert client.post(USE, {"credential": authenticator.signed(old)}).status_code == 422
    step_ups_forget(row.made_at + STEP_UP_LIFE)
    assert not PasskeyChallenge.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("answer", ["", "{", "{}", "[]", '{"response": {"clientDataJSON": "e30"}}', '"text"'])
def test_nonsense_is_refused_in_words(person: Person, authenticator: Authenticator, answer: str) -> None:
    response = give_password(person).post(USE, {"credential": answer})
    assert response.status_code == 422


def test_a_copied_key_whose_counter_goes_back_is_refused(person: Person, authenticator: Authenticator) -> None:
    assert use(give_password(person), authenticator).status_code == 302
    authenticator.count = 0
    assert use(give_password(person), authenticator).status_code == 422


def test_a_wrong_code_adds_nothing_and_removes_nothing(signed_in: Browser, person: Person) -> None:
    wrong = f"{(int(current_code(person)) + 1) % 1_000_000:06d}"
    assert add(signed_in, person, device(), otp_code=wrong).status_code == 422
    assert not WebAuthnCredential.objects.exists()


def test_a_passkey_is_removed_with_a_code_and_no_longer_opens_anything(
    signed_in: Browser, person: Person, authenticator: Authenticator
) -> None:
    address = f"/compte/cles/{WebAuthnCredential.objects.get().pk}/retirer/"
    assert "Bureau" in signed_in.get(address).content.decode()
    assert signed_in.post(address, {"otp_code": "000000"}).status_code == 422
    assert signed_in.post(address, {"otp_code": current_code(person, 1)}).status_code == 302
    assert "Use my passkey" not in give_password(person).get("/connexion/code/").content.decode()
    assert Event.objects.filter(action="passkey.removed").count() == 1


def test_an_account_has_ten_passkeys_at_most(signed_in: Browser, person: Person) -> None:
    for number in range(MOST_PASSKEYS):
        WebAuthnCredential.objects.create(
            user=person, name="x", credential_id=bytes([number]), public_key=b"", aaguid="", confirmed=True
        )
    assert add(signed_in, person, device()).status_code == 422


def test_policy_gives_a_role_only_to_sessions_opened_by_a_passkey(
    settings: Any, person: Person, authenticator: Authenticator
) -> None:
    StaffRoleFactory.create(person=person)
    settings.PASSKEY_ROLES = frozenset({"steward"})
    by_code = client_signed_in(person)
    assert by_code.get("/instruction/").status_code == 404
    assert "sign in with a passkey" in by_code.get("/compte/").content.decode()
    by_passkey = give_password(person)
    use(by_passkey, authenticator)
    assert by_passkey.get("/instruction/").status_code == 200
    settings.PASSKEY_ROLES = frozenset()
    assert by_code.get("/instruction/").status_code == 200
