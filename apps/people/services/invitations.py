"""Inviting people to act for an organisation, and what accepting does."""

from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person, email_normalised
from apps.accounts.services import mandate_give
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.mail import mail_enqueue
from apps.people import rules, wording
from apps.people.models import Invitation, InvitationLink, ProfessionalAddress
from apps.people.secrets_sent import secret_digest, secret_new
from apps.people.selectors.invitations import invitation_of
from apps.people.selectors.organisations import acts_for, roles_for
from apps.people.services.guarding import record_of_organisation, record_of_person, refuse_unless_allowed

MAIL = "invitation"


def invitation_send(
    *,
    organisation: Organisation,
    email: str,
    given_name: str,
    family_name: str,
    role: str,
    mandate_ends_on: date | None,
    language: str,
    by: Person,
) -> Invitation:
    """Invite somebody by e-mail. Raises RefusedError for one's own address, and for somebody of the organisation.

    The same happens whether or not the address is that of an account: nobody learns who has one.
    """
    email = email_normalised(email)
    refuse_unless_allowed("invitation.send", roles_for(by, organisation), is_own=email == by.email)
    if acts_for(email, organisation, timezone.localdate()):
        raise RefusedError((wording.ACTS_ALREADY,), field="email")
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                organisation=organisation,
                email=email,
                given_name=given_name,
                family_name=family_name,
                role=role,
                mandate_ends_on=mandate_ends_on,
                language=language,
                invited_by=by,
                expires_at=timezone.now() + rules.INVITATION_LIFE,
            )
            _announce("invitation.sent", invitation, 1, by)
    except IntegrityError as error:
        raise RefusedError((wording.INVITED_ALREADY,), field="email") from error
    return invitation


def invitation_resend(*, invitation: Invitation, by: Person) -> None:
    """Send another message with a fresh link and fresh time; earlier links no longer work. Raises ChangedMeanwhile."""
    refuse_unless_allowed("invitation.resend", roles_for(by, invitation.organisation), state=invitation.state)
    with transaction.atomic():
        moved = (
            _pending(invitation)
            .filter(generation=invitation.generation)
            .update(generation=F("generation") + 1, expires_at=timezone.now() + rules.INVITATION_LIFE, sent_at=None)
        )
        if not moved:
            raise ChangedMeanwhile
        InvitationLink.objects.filter(invitation=invitation).delete()
        _announce("invitation.sent_again", invitation, invitation.generation + 1, by)


def invitation_withdraw(*, invitation: Invitation, by: Person) -> None:
    """Take an invitation back: its links no longer work. Raises ChangedMeanwhile when it was answered meanwhile."""
    refuse_unless_allowed("invitation.withdraw", roles_for(by, invitation.organisation), state=invitation.state)
    with transaction.atomic():
        if not _pending(invitation).update(state=Invitation.State.WITHDRAWN, ended_at=timezone.now()):
            raise ChangedMeanwhile
        InvitationLink.objects.filter(invitation=invitation).delete()
        _record("invitation.withdrawn", invitation, by)


def invitation_link_new(invitation_id: str) -> str | None:
    """A fresh secret for a message about to be sent; None when the invitation no longer awaits an answer."""
    with transaction.atomic():
        found = Invitation.objects.select_for_update().filter(pk=invitation_id, state=Invitation.State.PENDING).first()
        if found is None or found.is_expired:
            return None
        secret = secret_new()
        InvitationLink.objects.create(digest=secret_digest(secret), invitation=found, generation=found.generation)
    return secret


def invitation_accept_anew(*, digest: str, given_name: str, family_name: str, password: str, language: str) -> Person:
    """Create the account of somebody who was invited, with its mandate; the second factor is the next thing they set
    up, and without it the account opens nothing.

    The password was validated by the form. Raises RefusedError when the link no longer works, or for an address that
    is already that of an account.
    """
    invitation = _followed(digest)
    try:
        with transaction.atomic():
            person = Person.objects.create_user(
                invitation.email, password, given_name=given_name, family_name=family_name, language=language
            )
            record_of_person("person.created", person, person, {"invitation": str(invitation.pk)})
            _accept(invitation, person)
    except IntegrityError as error:
        raise RefusedError((wording.ADDRESS_TAKEN,)) from error
    return person


def invitation_accept(*, digest: str, by: Person) -> Mandate:
    """Accept as somebody who has an account, signed in with both factors.

    Raises RefusedError when the link no longer works, or was sent to another address than the account's.
    """
    invitation = _followed(digest)
    if invitation.email != by.email:
        raise RefusedError((wording.OTHER_ADDRESS,))
    with transaction.atomic():
        return _accept(invitation, by)


def _followed(digest: str) -> Invitation:
    invitation = invitation_of(digest)
    if invitation is None:
        raise RefusedError((wording.LINK_NO_LONGER_WORKS,))
    return invitation


def _accept(invitation: Invitation, person: Person) -> Mandate:
    """Use the invitation up, whoever else tries at the same moment, then give the mandate."""
    now, today = timezone.now(), timezone.localdate()
    unused = _pending(invitation).filter(generation=invitation.generation, expires_at__gt=now)
    if not unused.update(state=Invitation.State.ACCEPTED, ended_at=now, accepted_by=person):
        raise RefusedError((wording.LINK_NO_LONGER_WORKS,))
    InvitationLink.objects.filter(invitation=invitation).delete()
    _record("invitation.accepted", invitation, person)
    # Whoever followed the link reads what is sent to this address.
    ProfessionalAddress.objects.get_or_create(person=person, defaults={"email": invitation.email, "verified_at": now})
    return mandate_give(
        person=person,
        organisation=invitation.organisation,
        starts_on=today,
        ends_on=invitation.mandate_ends_on,
        role=invitation.role,
        by=invitation.invited_by,
    )


def _pending(invitation: Invitation) -> QuerySet[Invitation]:
    return Invitation.objects.filter(pk=invitation.pk, state=Invitation.State.PENDING)


def _announce(action: str, invitation: Invitation, generation: int, by: Person) -> None:
    mail_enqueue(kind=MAIL, subject_id=str(invitation.pk), key=f"{invitation.pk}:{generation}")
    _record(action, invitation, by)


def _record(action: str, invitation: Invitation, by: Person) -> None:
    data = {"invitation": str(invitation.pk), "role": invitation.role}
    record_of_organisation(action, invitation.organisation, by, data)
