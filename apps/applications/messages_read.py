"""Reading messages and notices: who reads which."""

from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Person
from apps.applications import selectors
from apps.applications.models import Application, Message, Notice, NoticePreference

# Whoever was told more reads the older ones on the pages of their dossiers.
NOTICES_SHOWN = 1_000


def messages_of(application: Application, *, with_internal: bool) -> QuerySet[Message]:
    """The messages of a dossier, oldest first; those among staff only when asked for."""
    found = Message.objects.filter(application=application)
    if not with_internal:
        found = found.filter(is_internal=False)
    return found.select_related("author").order_by("at", "id")


def message_readers(application: Application, message: Message) -> set[UUID]:
    """Whom a message concerns: the stewards who wrote before, and the team unless it stays among staff."""
    staff = Message.objects.filter(application=application, by_staff=True).values_list("author_id", flat=True)
    readers = set(staff)
    if not message.is_internal:
        readers |= selectors.team_ids(application)
    return readers


def notices_of(person: Person) -> QuerySet[Notice]:
    """What a person was told, the latest first."""
    return Notice.objects.filter(person=person).select_related("application").order_by("-at", "-id")


def mail_preference(person: Person) -> str:
    """How often the person wants notices by e-mail."""
    found = NoticePreference.objects.filter(person=person).values_list("mail", flat=True).first()
    return found or NoticePreference.Mail.SOON.value
