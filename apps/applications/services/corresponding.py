"""Messages on a dossier, and notices in the portal and by e-mail."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import messages_read, selectors, wording
from apps.applications.models import Application, Message, Notice, NoticePreference
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.core.errors import RefusedError
from apps.core.mail import KIND as MAIL
from apps.core.outbox import outbox_enqueue

LONGEST_MESSAGE = 4000
NOTICES_MAIL = "notices"
# Notices of these minutes go in one e-mail.
GROUPED = timedelta(minutes=5)
MORNING = time(7, 30)


def message_post(
    *, application: Application, text: str, key: UUID, by: Person, as_staff: bool = False, is_internal: bool = False
) -> Message:
    """Post a message to the team and the stewards, or to staff alone. The same `key` twice is one message.

    Raises RefusedError when it is empty or too long (field "text"), and when the person may not.
    """
    if not text.strip() or len(text) > LONGEST_MESSAGE:
        raise RefusedError((_("Write a message, of at most 4,000 characters."),), field="text")
    try:
        with transaction.atomic():
            return _message_create(application, text.strip(), key, by, as_staff, is_internal)
    except IntegrityError:
        posted_already = Message.objects.filter(key=key, author=by, application=application).first()
        if posted_already is None:
            raise
        return posted_already


def _message_create(
    application: Application, text: str, key: UUID, by: Person, as_staff: bool, is_internal: bool
) -> Message:
    locked = application_locked(application)
    if as_staff:
        refuse_unless_allowed("application.review_message_post", selectors.decider_facts(locked, by))
    else:
        refuse_unless_allowed("application.messages", selectors.team_facts(locked, by))
    message = Message.objects.create(
        application=locked, key=key, author=by, by_staff=as_staff, is_internal=is_internal and as_staff, text=text
    )
    record("application.message_posted", locked, by, {"message": str(message.pk), "internal": message.is_internal})
    readers = messages_read.message_readers(locked, message)
    notices_give(application=locked, people=readers - {by.pk}, kind="message", data={})
    return message


def notices_give(
    *, application: Application, people: Iterable[UUID], kind: str, data: Mapping[str, str]
) -> list[Notice]:
    """Tell people something about a dossier, in the portal at once and by e-mail as each prefers.

    To be called in the transaction of what happened. Raises KeyError for a kind without a sentence.
    """
    _sentence = wording.notice_sentence(kind, data)
    now, told = timezone.now(), sorted(set(people), key=str)
    given = Notice.objects.bulk_create(
        Notice(person_id=person, application=application, kind=kind, data=dict(data), at=now) for person in told
    )
    chosen = dict(NoticePreference.objects.filter(person__in=told).values_list("person_id", "mail"))
    for person in told:
        _mail_enqueue(person, chosen.get(person, NoticePreference.Mail.SOON), now)
    return given


def notices_take_back(*, application_id: UUID, person: Person) -> int:
    """Remove what the person was told about a dossier that exists for them no more; how many notices there were."""
    taken, _by_model = Notice.objects.filter(application=application_id, person=person).delete()
    return taken


def _mail_enqueue(person: UUID, preference: str, now: datetime) -> None:
    """One e-mail for all notices until it is due: its key holds the moment."""
    if preference == NoticePreference.Mail.NEVER:
        return
    due = due_at(preference, now)
    subject = f"{NOTICES_MAIL}:{person}:{int(due.timestamp())}"
    outbox_enqueue(kind=MAIL, key=f"mail:{subject}", subject_id=subject, not_before=due)


def due_at(preference: str, now: datetime) -> datetime:
    """When the e-mail that takes a notice of `now` is sent."""
    if preference == NoticePreference.Mail.DAILY:
        local = timezone.localtime(now)
        day = local.date() + timedelta(days=int(local.time() >= MORNING))
        return datetime.combine(day, MORNING, tzinfo=timezone.get_default_timezone())
    step = GROUPED.total_seconds()
    return datetime.fromtimestamp((now.timestamp() // step + 1) * step, UTC)


def notices_read(*, by: Person) -> int:
    """Mark every notice of the person as read; how many there were."""
    return Notice.objects.filter(person=by, read_at=None).update(read_at=timezone.now())


def notice_preference_set(*, by: Person, mail: str) -> NoticePreference:
    """Choose how often notices come by e-mail. Raises RefusedError for an unknown choice (field "mail")."""
    if mail not in NoticePreference.Mail.values:
        raise RefusedError((_("Choose one of the answers."),), field="mail")
    preference, _made = NoticePreference.objects.update_or_create(person=by, defaults={"mail": mail})
    return preference


def notices_mailed(subject: str) -> None:
    """A mail server took the e-mail of this person and moment."""
    person, until = person_and_moment(subject)
    Notice.objects.filter(person=person, mailed_at=None, at__lt=until).update(mailed_at=timezone.now())


def person_and_moment(subject: str) -> tuple[UUID, datetime]:
    """Whose notices, and until when, an e-mail is about."""
    person, _colon, until = subject.partition(":")
    return UUID(person), datetime.fromtimestamp(int(until), UTC)
