"""Who is on the team of a dossier."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import grants
from apps.accounts.models import Mandate, Person
from apps.accounts.selectors import person_by_email
from apps.applications import selectors
from apps.applications.authorised import decided_on_family
from apps.applications.models import Application, Member
from apps.applications.searching import search_text_renew
from apps.applications.services.corresponding import notices_give
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.core.errors import RefusedError

CANNOT_BE_ADDED = _(
    "This person cannot be added: check the address, and that they have an account and a mandate of their organisation."
)


def member_add(*, application: Application, email: str, by: Person) -> Member:
    """Add a person who has an account and a mandate. Raises RefusedError, in the same words whatever the cause.

    One answer for an unknown address, a person without a mandate, one already there and one who decided on the dossier:
    nobody learns from it who has an account.
    """
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.member_add", selectors.team_facts(locked, by, page="team"))
        person, mandate = _person_with_mandate(email)
        if person is None or mandate is None or not _may_join(locked, person):
            raise RefusedError((CANNOT_BE_ADDED,), field="email")
        member = Member.objects.create(
            application=locked, person=person, organisation_id=mandate.organisation_id, added_by=by
        )
        grants.grant(person, "view_application", locked)
        search_text_renew(locked)
        record("application.member_added", locked, by, {"person": str(person.pk), "role": member.role})
        return member


def _person_with_mandate(email: str) -> tuple[Person | None, Mandate | None]:
    person = person_by_email(email)
    if person is None or not person.is_active:
        return None, None
    current = Mandate.objects.current(timezone.localdate()).filter(person=person)
    return person, current.order_by("starts_on", "id").first()


def _may_join(application: Application, person: Person) -> bool:
    already = Member.objects.filter(application=application, person=person).exists()
    return not already and not decided_on_family(application, person)


def member_remove(*, application: Application, person_id: str, by: Person) -> None:
    """Take a person off the team, who then no longer sees the dossier; nothing happens when they are not on it.

    Raises RefusedError for the principal investigator, without whom the dossier would be nobody's.
    """
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.member_remove", selectors.team_facts(locked, by, page="team"))
        member = Member.objects.select_related("person").filter(application=locked, person_id=person_id).first()
        if member is None:
            return
        if member.role == Member.Role.PRINCIPAL_INVESTIGATOR:
            raise RefusedError((_("The principal investigator cannot be removed: name another one first."),))
        member.delete()
        grants.withdraw(member.person, "view_application", locked)
        search_text_renew(locked)
        record("application.member_removed", locked, by, {"person": str(person_id)})


def investigator_name(*, application: Application, person_id: UUID, by: Person) -> None:
    """Hand the dossier over to another person of its team, who then answers for it; whoever led stays as a member.

    Of an amendment, nothing changes in the project before it is approved. The same person again changes nothing. Raises
    RefusedError (field "person") for somebody who is not of the team or whose account is closed.
    """
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.investigator_name", selectors.team_facts(locked, by, page="team"))
        if not Member.objects.filter(application=locked, person=person_id, person__is_active=True).exists():
            raise RefusedError((_("Choose a person of the team whose account is open."),), field="person")
        if investigator_put(locked, person_id):
            search_text_renew(locked)
            record("application.investigator_named", locked, by, {"person": str(person_id)})
            notices_give(application=locked, people={person_id}, kind="investigator", data={})


def investigator_put(application: Application, person_id: UUID) -> bool:
    """Have this person of the team lead it, whoever led before stay as a member; False when they lead it already."""
    team, lead = Member.objects.filter(application=application), Member.Role.PRINCIPAL_INVESTIGATOR
    if team.filter(person=person_id, role=lead).exists():
        return False
    team.filter(role=lead).update(role=Member.Role.MEMBER)
    return bool(team.filter(person=person_id).update(role=lead))
