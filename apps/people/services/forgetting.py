"""Forgetting what no longer serves."""

from datetime import datetime

from django.db.models import Q

from apps.people.models import AddressLink, Invitation
from apps.people.rules import FORGET_INVITATIONS_AFTER


def expired_forget(now: datetime) -> int:
    """Forget names and addresses of old invitations, and links whose time has run out. Gives how many invitations."""
    AddressLink.objects.filter(expires_at__lt=now).delete()
    limit = now - FORGET_INVITATIONS_AFTER
    Invitation.objects.filter(state=Invitation.State.PENDING, expires_at__lt=limit).update(
        state=Invitation.State.WITHDRAWN, ended_at=now
    )
    old = Invitation.objects.filter(Q(ended_at__lt=limit) | Q(expires_at__lt=limit)).exclude(email="")
    return old.update(email="", given_name="", family_name="")
