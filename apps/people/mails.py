"""The messages of this room, composed at the moment they are sent."""

from django.utils import timezone

from apps.core.mail import Mail, composes, portal_link
from apps.people.models import Invitation, ProfessionalAddress
from apps.people.services.accreditation import ADDRESS_MAIL, address_link_new
from apps.people.services.invitations import MAIL, invitation_link_new


def _invitation_sent(invitation_id: str) -> None:
    Invitation.objects.filter(pk=invitation_id).update(sent_at=timezone.now())


@composes(MAIL, sent=_invitation_sent)
def invitation(invitation_id: str) -> Mail | None:
    """The link by which somebody accepts to act for an organisation."""
    secret = invitation_link_new(invitation_id)
    if secret is None:
        return None
    found = Invitation.objects.select_related("organisation", "invited_by").get(pk=invitation_id)
    link = portal_link("people:invitation_follow", secret)
    return Mail(found.email, found.language, "people/mail/invitation.txt", {"invitation": found, "link": link})


@composes(ADDRESS_MAIL)
def address(person_id: str) -> Mail | None:
    """The link that proves a professional address."""
    secret = address_link_new(person_id)
    if secret is None:
        return None
    found = ProfessionalAddress.objects.select_related("person").get(person_id=person_id)
    link = portal_link("people:address_verify", secret)
    return Mail(found.email, found.person.language, "people/mail/address.txt", {"person": found.person, "link": link})
