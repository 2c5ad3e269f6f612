"""E-mail goes through the outbox: sent once a server takes it, tried again until then, never lost."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail as outbox_of_django
from django.db import transaction
from django.utils import timezone

from apps.core import mail
from apps.core.mail import Mail, composes, mail_enqueue
from apps.core.models import OutboxItem
from apps.core.outbox import run_item

pytestmark = pytest.mark.django_db
TEMPLATE = "people/mail/address.txt"


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Messages of a kind of its own; what is told once they are sent."""
    told: list[str] = []
    with mock.patch.dict(mail._kinds):

        @composes("essay", sent=told.append)
        def essay(subject_id: str) -> Mail | None:
            if subject_id == "withdrawn":
                return None
            context = {"person": {"given_name": "Zoé <b>"}, "link": "https://x/?a=1&b=2"}
            return Mail("zoe@exemple.fr", "en" if subject_id == "english" else "fr", TEMPLATE, context)

        yield told


def enqueued(subject: str = "one") -> OutboxItem:
    with transaction.atomic():
        return mail_enqueue(kind="essay", subject_id=subject, key=subject)


def failing(error: Exception) -> Any:
    return mock.patch("django.core.mail.EmailMessage.send", side_effect=error)


def test_a_message_is_sent_once_in_its_readers_language(told: list[str]) -> None:
    item = enqueued("english")
    run_item(item.pk)
    run_item(item.pk)
    [sent] = outbox_of_django.outbox
    assert sent.to == ["zoe@exemple.fr"]
    assert sent.subject == "Prove your professional e-mail address"
    assert "Hello Zoé <b>," in sent.body
    assert "https://x/?a=1&b=2" in sent.body
    assert told == ["english"]


def test_a_message_in_french(told: list[str]) -> None:
    run_item(enqueued().pk)
    assert outbox_of_django.outbox[0].subject == "Prouvez votre adresse électronique professionnelle"


def test_a_message_tried_again_has_the_same_number(told: list[str]) -> None:
    item = enqueued()
    run_item(item.pk)
    OutboxItem.objects.filter(pk=item.pk).update(status="pending", finished_at=None)
    run_item(item.pk)
    first, second = outbox_of_django.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_what_is_no_longer_to_be_sent_is_not(told: list[str]) -> None:
    item = enqueued("withdrawn")
    run_item(item.pk)
    item.refresh_from_db()
    assert (item.status, outbox_of_django.outbox, told) == ("done", [], [])


@pytest.mark.parametrize("error", [OSError("refused"), smtplib.SMTPServerDisconnected("gone")])
def test_a_server_that_is_away_is_tried_again_later(told: list[str], error: Exception) -> None:
    item = enqueued()
    with failing(error):
        run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "pending"
    assert timedelta(seconds=5) < item.not_before - timezone.now() <= mail.FIRST_WAIT
    OutboxItem.objects.filter(pk=item.pk).update(not_before=timezone.now())
    run_item(item.pk)
    assert len(outbox_of_django.outbox) == 1


def test_the_wait_grows_to_a_quarter_of_an_hour_and_a_person_is_called_after_three_days(told: list[str]) -> None:
    item = enqueued()
    for age, wait in ((timedelta(minutes=2), timedelta(minutes=2)), (timedelta(hours=9), mail.LONGEST_WAIT)):
        aged = timezone.now() - age
        OutboxItem.objects.filter(pk=item.pk).update(created_at=aged, not_before=timezone.now())
        with failing(OSError()):
            run_item(item.pk)
        item.refresh_from_db()
        assert abs(item.not_before - timezone.now() - wait) < timedelta(seconds=10)
    OutboxItem.objects.filter(pk=item.pk).update(created_at=timezone.now() - mail.GIVE_UP_AFTER, not_before=aged)
    with failing(OSError()):
        run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "needs_human"
    assert "three days" in item.reason


def refused_with(code: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"zoe@exemple.fr": (code, b"no such user zoe@exemple.fr")})


@pytest.mark.parametrize(("code", "status"), [(550, "needs_human"), (450, "pending")])
def test_an_address_that_is_refused_for_good_needs_a_person(told: list[str], code: int, status: str) -> None:
    item = enqueued()
    with failing(refused_with(code)):
        run_item(item.pk)
    item.refresh_from_db()
    assert item.status == status
    assert "zoe" not in item.reason


def test_a_kind_that_nobody_composes_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        mail_enqueue(kind="nothing", subject_id="1", key="1")
