"""Linking a person to who they are at the identity provider, and finding them again."""

from django.db import IntegrityError, transaction

from apps.accounts import wording
from apps.accounts.identity_models import LinkedIdentity
from apps.accounts.identity_provider import Vouched
from apps.accounts.models import Person
from apps.accounts.rules import Act
from apps.accounts.services import event_of_person
from apps.accounts.stepping_up import step_up_spend
from apps.core.errors import RefusedError

LINK, UNLINK = "account.identity_link", "account.identity_unlink"


def identity_of(person: Person) -> LinkedIdentity | None:
    """The identity linked to the person, if any."""
    return LinkedIdentity.objects.filter(person=person).first()


def person_vouched_for(vouched: Vouched) -> Person | None:
    """The active person linked to this identity; an e-mail address is never looked at."""
    found = LinkedIdentity.objects.filter(issuer=vouched.issuer, subject=vouched.subject, person__is_active=True)
    identity = found.select_related("person").first()
    return identity.person if identity else None


def link_confirmed(*, by: Person) -> None:
    """Use up the confirmation of the second factor that a link needs, before going to the provider. Raises
    StepUpMissing.
    """
    with transaction.atomic():
        _spend(by, LINK)


def identity_link(*, by: Person, vouched: Vouched) -> LinkedIdentity:
    """Link the identity to the person. Raises RefusedError when it is another person's, or theirs is another one."""
    try:
        with transaction.atomic():
            identity, made = LinkedIdentity.objects.get_or_create(
                person=by, issuer=vouched.issuer, defaults={"subject": vouched.subject}
            )
            if made:
                event_of_person("identity.linked", by)
    except IntegrityError:
        raise RefusedError((wording.IDENTITY_OF_ANOTHER,)) from None
    if identity.subject != vouched.subject:
        raise RefusedError((wording.IDENTITY_ALREADY,))
    return identity


def identity_unlink(*, by: Person) -> None:
    """End the link, against the second factor. Raises StepUpMissing."""
    with transaction.atomic():
        _spend(by, UNLINK)
        if LinkedIdentity.objects.filter(person=by).delete()[0]:
            event_of_person("identity.unlinked", by)


def _spend(person: Person, action: str) -> None:
    act = Act(action, str(person.pk))
    step_up_spend(person=person, action=act.action, object_id=act.object_id)
