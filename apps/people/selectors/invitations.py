"""What an invitation's link leads to."""

from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Person
from apps.people.models import Invitation


def invitation_of(digest: str) -> Invitation | None:
    """The invitation that a link leads to, if it can still be accepted; None for any other link. One query."""
    return (
        Invitation.objects.select_related("organisation", "invited_by")
        .filter(
            state=Invitation.State.PENDING,
            expires_at__gt=timezone.now(),
            links__digest=digest,
            links__generation=F("generation"),
        )
        .first()
    )


def account_exists_for(invitation: Invitation) -> bool:
    """Whether the invited address is that of an account: told only to whoever opened the link sent to that address."""
    return Person.objects.filter(email=invitation.email).exists()
