"""The e-mail of a person's notices: grouped, without anything that only the portal may show."""

from apps.accounts.models import Person
from apps.applications import wording
from apps.applications.models import Notice
from apps.applications.services.corresponding import NOTICES_MAIL, notices_mailed, person_and_moment
from apps.core.mail import Mail, composes, portal_link

MOST_LINES = 30


@composes(NOTICES_MAIL, sent=notices_mailed)
def notices(subject: str) -> Mail | None:
    """What happened and was neither read nor mailed yet; nothing when there is nothing of the kind."""
    person_id, until = person_and_moment(subject)
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    waiting = Notice.objects.filter(person=person_id, mailed_at=None, read_at=None, at__lt=until)
    found = list(waiting.select_related("application").order_by("at", "pk"))
    if person is None or not found:
        return None
    context = {
        "lines": [
            (notice.application.number, wording.notice_sentence(notice.kind, notice.data))
            for notice in found[:MOST_LINES]
        ],
        "count": len(found),
        "link": portal_link("applications:notices"),
        "preferences": portal_link("applications:notice_preference"),
    }
    return Mail(person.email, person.language, "applications/mail_notices.txt", context)
