"""What people who came from the previous platform are told."""

from apps.accounts.models import Person
from apps.core.mail import Mail, composes, portal_link
from apps.relocation.services import WELCOME


@composes(WELCOME)
def welcome(person_id: str) -> Mail | None:
    """That they have an account here and choose its password by themselves; nothing once they have one."""
    person = Person.objects.get(pk=person_id)
    if not person.is_active or person.has_usable_password():
        return None
    link = portal_link("accounts:password_forgotten")
    return Mail(person.email, person.language, "relocation/mail/welcome.txt", {"person": person, "link": link})
