"""Messages between a team and its steward, and the notices that tell of them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.applications import mailing, messages_read, services
from apps.applications.models import Application, Message, Notice
from apps.audit.models import Event
from apps.core.errors import RefusedError
from apps.core.models import OutboxItem
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import at_status, researcher
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


def post(application: Application, by: Any, text: str = "Bonjour.", **more: Any) -> Message:
    return services.message_post(application=application, by=by, text=text, key=uuid.uuid4(), **more)


def mail_of(person: Any) -> Any:
    """The e-mail that waits for a person, composed as if its moment had come."""
    item = OutboxItem.objects.get(kind="e-mail", subject_id__startswith=f"notices:{person.pk}")
    return mailing.notices(item.subject_id.removeprefix("notices:"))


class TestMessages:
    def test_what_is_among_staff_stays_among_staff(self) -> None:
        by, examiner = researcher(), steward()
        application = at_status("submitted", by=by)
        post(application, examiner, "Le titre est à revoir.", as_staff=True)
        post(application, examiner, "Le même laboratoire a tardé.", as_staff=True, is_internal=True)
        team = text_of(client_signed_in(by).get(url("messages", application)))
        staff = text_of(client_signed_in(steward()).get(url("review_messages", application)))
        assert "Le titre est à revoir." in team
        assert "tardé" not in team
        assert "tardé" in staff

    def test_a_team_cannot_write_among_staff(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        sent = {"text": "Bonjour.", "key": str(uuid.uuid4()), "is_internal": "on"}
        assert client_signed_in(by).post(url("messages", application), sent).status_code == 302
        message = Message.objects.get()
        assert (message.is_internal, message.by_staff) == (False, False)

    def test_a_double_click_is_one_message(self) -> None:
        by = researcher()
        application, client = at_status("submitted", by=by), client_signed_in(by)
        sent = {"text": "Bonjour.", "key": str(uuid.uuid4())}
        assert [client.post(url("messages", application), sent).status_code for _ in range(2)] == [302, 302]
        assert Message.objects.count() == 1
        assert Event.objects.filter(action="application.message_posted").count() == 1

    @pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
    def test_nothing_and_too_much_are_refused_and_what_was_typed_stays(self, text: str) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        sent = {"text": text, "key": str(uuid.uuid4())}
        response = client_signed_in(by).post(url("messages", application), sent)
        assert response.status_code == 422
        assert text.strip() in text_of(response)
        with pytest.raises(RefusedError):
            post(application, by, text)

    @pytest.mark.parametrize("as_staff", [False, True])
    def test_whoever_is_neither_of_the_team_nor_a_steward_writes_nothing(self, as_staff: bool) -> None:
        application = at_status("submitted", by=researcher())
        with pytest.raises(RefusedError):
            post(application, researcher(), as_staff=as_staff)
        assert not Message.objects.exists()

    def test_no_word_of_a_message_is_in_the_log(self) -> None:
        by = researcher()
        post(at_status("submitted", by=by), by, "Un secret")
        assert "secret" not in str([event.data for event in Event.objects.all()])


class TestNotices:
    def test_the_team_learns_of_a_message_but_not_its_author(self) -> None:
        by, examiner = researcher(), steward()
        application = at_status("submitted", by=by)
        Notice.objects.all().delete()
        post(application, examiner, as_staff=True)
        post(application, examiner, as_staff=True, is_internal=True)
        assert list(Notice.objects.values_list("person", "kind")) == [(by.pk, "message")]
        post(application, by)
        assert set(Notice.objects.values_list("person", flat=True)) == {by.pk, examiner.pk}

    def test_a_decision_is_told_and_reading_marks_all_as_read(self) -> None:
        by = researcher()
        at_status("returned", by=by)
        client = client_signed_in(by)
        page = text_of(client.get(reverse("applications:notices")))
        assert "certaines pages sont à corriger" in page
        assert "nouveau" in page
        client.post(reverse("applications:notices_read"))
        assert not Notice.objects.filter(read_at=None).exists()

    def test_whoever_was_told_more_than_is_listed_reads_that_older_ones_are_elsewhere(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        post(application, steward(), as_staff=True)
        client = client_signed_in(by)
        told = Notice.objects.filter(person=by).count()
        monkeypatch.setattr(messages_read, "NOTICES_SHOWN", told + 1)
        assert "Seuls les avis les plus récents" not in text_of(client.get(reverse("applications:notices")))
        post(application, steward(), as_staff=True)
        response = client.get(reverse("applications:notices"))
        assert "Seuls les avis les plus récents" in text_of(response)
        post(application, steward(), as_staff=True)
        assert len(client.get(reverse("applications:notices")).context["lines"]) == told + 1

    def test_several_notices_are_one_e_mail_without_what_was_written(self) -> None:
        by, examiner = researcher(), steward()
        application = at_status("submitted", by=by)
        Notice.objects.all().delete()
        for _ in range(3):
            post(application, examiner, "Un secret", as_staff=True)
        Notice.objects.update(at=timezone.now() - timedelta(minutes=1))
        mail = mail_of(by)
        assert (mail.to, mail.context["count"]) == (by.email, 3)
        assert application.number in str(mail.context["lines"])
        assert "secret" not in str(mail)

    def test_what_was_read_meanwhile_is_not_mailed_and_a_mail_is_sent_once(self) -> None:
        by, examiner = researcher(), steward()
        post(at_status("submitted", by=by), examiner, as_staff=True)
        Notice.objects.update(at=timezone.now() - timedelta(minutes=1))
        subject = OutboxItem.objects.get(subject_id__startswith=f"notices:{by.pk}").subject_id.removeprefix("notices:")
        services.corresponding.notices_mailed(subject)  # type: ignore[attr-defined]
        assert mailing.notices(subject) is None
        Notice.objects.update(mailed_at=None)
        services.notices_read(by=by)
        assert mailing.notices(subject) is None

    def test_who_wants_no_e_mail_gets_none_and_the_portal_still_tells(self) -> None:
        by, examiner = researcher(), steward()
        client = client_signed_in(by)
        assert client.post(reverse("applications:notice_preference"), {"mail": "never"}).status_code == 302
        post(at_status("submitted", by=by), examiner, as_staff=True)
        assert Notice.objects.filter(person=by).exists()
        assert not OutboxItem.objects.filter(subject_id__startswith=f"notices:{by.pk}").exists()

    def test_an_unknown_preference_is_refused(self) -> None:
        by = researcher()
        assert client_signed_in(by).post(reverse("applications:notice_preference"), {"mail": "x"}).status_code == 422
        with pytest.raises(RefusedError):
            services.notice_preference_set(by=by, mail="x")
