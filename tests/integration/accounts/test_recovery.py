"""Entering again without one's factors: by e-mail and the second factor, or vouched for by two stewards."""

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django import Settings

from apps.accounts import recovering
from apps.accounts.models import Person, TotpDevice
from apps.accounts.recovery_models import AccountRecovery, MailedSecret
from apps.accounts.tasks import forget_expired
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from tests.factories.accounts import (
    PASSWORD,
    Browser,
    PersonFactory,
    TotpDeviceFactory,
    client_signed_in,
    current_code,
    steward,
)
from tests.integration.accounts.conftest import give_password
from tests.permissions.asking import PASSING

pytestmark = pytest.mark.django_db
FORGOTTEN, LOST = "/connexion/mot-de-passe-oublie/", "/connexion/recuperation/"
NEW = "une phrase toute neuve que personne n'attend"
TWICE = {"new_password": NEW, "new_password_again": NEW}


def messages() -> list[Any]:
    """What was sent by now, the worker having done its work."""
    while due := OutboxItem.objects.filter(status="pending", not_before__lte=timezone.now()).first():
        run_item(due.pk)
    return mail.outbox


def link_in(message: Any, step: str) -> str:
    """The path of the link of this step in a message."""
    return urlsplit(re.search(rf"http\S+/{step}/\S+", message.body).group()).path  # type: ignore[union-attr]


@pytest.fixture
def stewards(db: None) -> tuple[Person, Person]:
    made = steward(), steward()
    for person in made:
        TotpDeviceFactory.create(user=person)
    return made


def asked(person: Person) -> AccountRecovery:
    """A recovery that the person asked for."""
    Browser().post(LOST, {"email": person.email})
    return AccountRecovery.objects.get(person=person, status="asked")


def vouch(by: Person, recovery: AccountRecovery, seen: str) -> Any:
    """Vouch for who asks, on the steward's page."""
    fields = {"note": "Vue en visioconférence.", "seen": seen, "otp_code": current_code(by)}
    return client_signed_in(by).post(f"/recuperations/{recovery.pk}/approuver/", fields)


# A password by e-mail


def test_a_forgotten_password_is_set_anew_by_a_link_and_the_second_factor(person: Person) -> None:
    other = client_signed_in(person)
    assert Browser().post(FORGOTTEN, {"email": person.email.upper()}).status_code == 200
    [message] = messages()
    link = link_in(message, "nouveau-mot-de-passe")
    refused = Browser().post(link, {**TWICE, "otp_code": "000000"})
    assert refused.status_code == 422
    assert Browser().post(link, {**TWICE, "otp_code": current_code(person)}).url == "/connexion/"
    assert other.get("/compte/").status_code == 302
    assert give_password(person, password=NEW).last.url == "/connexion/code/"
    assert Browser().get(link).context.get("form") is None, "the link worked once"
    assert len(messages()) == 2, "the change is told"
    assert Event.objects.filter(action="person.password_reset").count() == 1


def test_somebody_without_a_factor_yet_needs_the_link_alone(newcomer: Person) -> None:
    Browser().post(FORGOTTEN, {"email": newcomer.email})
    link = link_in(messages()[0], "nouveau-mot-de-passe")
    assert Browser().post(link, {"new_password": "azertyuiop12345", "new_password_again": "autre"}).status_code == 422
    assert Browser().post(link, TWICE).status_code == 302


@pytest.mark.parametrize("address", [FORGOTTEN, LOST])
def test_the_answer_tells_nothing_of_the_account(person: Person, address: str) -> None:
    inactive = PersonFactory.create(is_active=False)
    emails = (person.email, inactive.email, "x@exemple.fr")
    said = {PASSING.sub(b"", Browser().post(address, {"email": email}).content) for email in emails}
    assert len(said) == 1
    assert len(messages()) == 1
    assert Browser().post(address, {"email": "x"}).status_code == 422


@pytest.mark.parametrize("ask", [recovering.password_reset_ask, recovering.recovery_ask])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.django_db(transaction=True)
def test_the_answer_takes_the_same_time(settings: Settings, ask: Any, known: bool) -> None:
    settings.ALIKE_SECONDS = 0.15
    email = PersonFactory.create().email if known else "personne@exemple.fr"
    started = time.monotonic()
    ask(email=email, address="192.0.2.9")
    assert time.monotonic() - started >= 0.15


@pytest.mark.parametrize("address", [FORGOTTEN, LOST])
def test_messages_are_rate_limited(person: Person, address: str) -> None:
    answers = [Browser().post(address, {"email": person.email}).status_code for _ in range(5)]
    assert answers[:4] == [200] * 4
    assert answers[4] == 422


def test_the_last_link_alone_works_and_not_for_ever(person: Person) -> None:
    for _ in range(2):
        Browser().post(FORGOTTEN, {"email": person.email})
    first, last = [link_in(message, "nouveau-mot-de-passe") for message in messages()]
    assert Browser().get(first).context.get("form") is None
    assert Browser().get(last).context["form"]
    MailedSecret.objects.update(expires_at=timezone.now())
    assert Browser().get(last).context.get("form") is None
    forget_expired()
    assert not MailedSecret.objects.exists()


# A recovery


def test_an_account_is_recovered_by_two_stewards_after_a_delay(
    person: Person, stewards: tuple[Person, Person], settings: Settings
) -> None:
    """Given a person without device or codes, when two stewards vouch, then a link after the delay lets them in."""
    settings.RECOVERY_DELAY = timedelta(hours=24)
    session = client_signed_in(person)
    WebAuthnCredential.objects.create(
        user=person, name="x", credential_id=b"x", public_key=b"x", aaguid="", confirmed=True
    )
    recovery = asked(person)
    first, second = stewards
    assert vouch(first, recovery, "asked").status_code == 302
    assert vouch(second, recovery, "vouched").status_code == 302
    recovery.refresh_from_db()
    assert recovery.status == "waiting"
    assert timedelta(hours=23) < recovery.due_at - timezone.now() <= timedelta(hours=24)
    assert [step for step in messages() if "terminer" in step.body] == []
    assert TotpDevice.objects.filter(user=person).exists()
    gone_by(recovery)
    finish = link_in(messages()[-1], "terminer")
    assert Browser().post(finish, TWICE).url == "/connexion/"
    assert not TotpDevice.objects.filter(user=person).exists()
    assert not WebAuthnCredential.objects.filter(user=person).exists()
    assert session.get("/compte/").status_code == 302
    client = give_password(person, password=NEW)
    assert client.get("/connexion/code/").url == "/connexion/enrolement/"
    assert Browser().get(finish).context.get("form") is None
    assert len(messages()) == 5, "asked, two approvals, the link, done"
    told = [
        event.action for event in Event.objects.filter(action__startswith="recovery.", reading=False).order_by("pk")
    ]
    assert told == ["recovery.asked", "recovery.approved", "recovery.approved", "recovery.opened", "recovery.done"]


def gone_by(recovery: AccountRecovery) -> None:
    """Let the delay go by."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        AccountRecovery.objects.filter(pk=recovery.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    OutboxItem.objects.filter(kind=recovering.OPEN_KIND).update(not_before=timezone.now())


def test_the_link_of_any_message_stops_it_once(person: Person, stewards: tuple[Person, Person]) -> None:
    recovery = asked(person)
    assert vouch(stewards[0], recovery, "asked").status_code == 302
    stop = link_in(messages()[-1], "arreter")
    assert Browser().get(stop).status_code == 200
    recovery.refresh_from_db()
    assert recovery.status == "vouched", "looking stops nothing: mail programs look"
    assert Browser().post(stop).status_code == 200
    recovery.refresh_from_db()
    assert recovery.status == "cancelled"
    assert Event.objects.filter(action="recovery.cancelled").count() == 1
    assert Browser().post(stop).status_code == 200
    assert Event.objects.filter(action="recovery.cancelled").count() == 1
    assert vouch(stewards[1], recovery, "vouched").status_code in {403, 409, 422}


def test_a_recovery_stopped_during_the_delay_opens_nothing(person: Person, stewards: tuple[Person, Person]) -> None:
    recovery = asked(person)
    vouch(stewards[0], recovery, "asked")
    vouch(stewards[1], recovery, "vouched")
    answer = client_signed_in(stewards[0]).post(f"/recuperations/{recovery.pk}/refuser/", {"seen": "waiting"})
    assert answer.status_code == 302
    gone_by(recovery)
    assert all("terminer" not in message.body for message in messages())


def test_the_same_steward_does_not_vouch_twice(person: Person, stewards: tuple[Person, Person]) -> None:
    recovery, first = asked(person), stewards[0]
    assert vouch(first, recovery, "asked").status_code == 302
    TotpDevice.objects.filter(user=first).update(last_counter=-1)
    answer = vouch(first, recovery, "vouched")
    assert answer.status_code == 422
    assert AccountRecovery.objects.get().second_by is None


def test_nobody_vouches_for_themselves_nor_without_their_second_factor(stewards: tuple[Person, Person]) -> None:
    own = asked(stewards[0])
    assert vouch(stewards[0], own, "asked").status_code == 422
    wrong = {"note": "x", "seen": "asked", "otp_code": "000000"}
    assert client_signed_in(stewards[1]).post(f"/recuperations/{own.pk}/approuver/", wrong).status_code == 422
    assert AccountRecovery.objects.get().status == "asked"
    with pytest.raises(RefusedError):
        recovering.recovery_approve(recovery=own, by=PersonFactory.create(), note="x", code="000000", seen="asked")
    with pytest.raises(RefusedError):
        recovering.recovery_refuse(recovery=own, by=PersonFactory.create(), seen="asked")


def test_a_page_that_is_no_longer_true_approves_nothing(person: Person, stewards: tuple[Person, Person]) -> None:
    recovery = asked(person)
    vouch(stewards[0], recovery, "asked")
    assert vouch(stewards[1], recovery, "asked").status_code == 409
    with pytest.raises(ChangedMeanwhile):
        recovering.recovery_refuse(recovery=recovery, by=stewards[1], seen="asked")


def test_the_stewards_pages_show_who_asks(person: Person, stewards: tuple[Person, Person]) -> None:
    recovery, client = asked(person), client_signed_in(stewards[0])
    assert person.full_name in client.get("/recuperations/").content.decode()
    page = client.get(f"/recuperations/{recovery.pk}/").content.decode()
    assert person.email in page
    assert Event.objects.filter(action="recovery.read", reading=True).count() == 1


def test_asking_again_changes_nothing_and_unanswered_ones_expire(person: Person) -> None:
    recovery = asked(person)
    Browser().post(LOST, {"email": person.email})
    assert AccountRecovery.objects.count() == 1
    AccountRecovery.objects.update(asked_at=timezone.now() - timedelta(days=8))
    forget_expired()
    recovery.refresh_from_db()
    assert recovery.status == "expired"


@pytest.mark.parametrize(
    "change",
    [
        "first_by_id = person_id",
        "first_by_id = '{stranger}'",
        "first_by_id = '{first}', second_by_id = '{first}'",
        "status = 'waiting'",
        "status = 'open'",
        "status = 'done'",
        "first_by_id = '{first}', second_by_id = '{second}', status = 'open', due_at = now() + interval '1 hour'",
        "first_by_id = '{first}', second_by_id = '{second}', status = 'done', due_at = now()",
    ],
)
def test_the_database_itself_holds_to_two_stewards_and_the_delay(
    person: Person, stewards: tuple[Person, Person], change: str
) -> None:
    """Given raw SQL, past every service, then PostgreSQL refuses."""
    recovery = asked(person)
    values = change.format(stranger=PersonFactory.create().pk, first=stewards[0].pk, second=stewards[1].pk)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_accountrecovery SET {values} WHERE id = %s", [recovery.pk])


@pytest.mark.parametrize(
    "change", ["first_by_id = NULL", "status = 'asked', first_by_id = '{second}'", "due_at = now()"]
)
def test_what_was_vouched_for_does_not_change(person: Person, stewards: tuple[Person, Person], change: str) -> None:
    recovery = asked(person)
    vouch(stewards[0], recovery, "asked")
    vouch(stewards[1], recovery, "vouched")
    values = change.format(second=stewards[1].pk)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_accountrecovery SET {values} WHERE id = %s", [recovery.pk])


def test_a_recovery_begins_with_nobody_vouching(person: Person, stewards: tuple[Person, Person]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        AccountRecovery.objects.create(person=person, asked_at=timezone.now(), first_by=stewards[0])


def test_the_present_password_does_not_open_a_half_recovered_account(person: Person) -> None:
    asked(person)
    assert give_password(person, password=PASSWORD).last.url == "/connexion/code/"
