"""Who follows dossiers up, and what is followed up of their decisions."""

from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from apps.accounts.models import Mandate, Person, StaffRole
from apps.applications import workflow
from apps.applications.models import AUTHORITY, Application, Attachment, Member, Obligation
from apps.applications.workflow import Turn
from apps.core.rules import Role


def obligations_of(application: Application) -> QuerySet[Obligation]:
    """The conditions that decisions put, those still open first."""
    found = Obligation.objects.filter(application=application).select_related("fulfilled_by")
    return found.order_by(F("fulfilled_at").asc(nulls_first=True), "outcome_id", "id")


def is_authority_document(document: Attachment) -> bool:
    """Whether this is the document of a decision of the authority, and was not taken away."""
    return document.kind == AUTHORITY and document.removed_at is None and document.redacted_at is None


def authority_document(application: Application) -> Attachment | None:
    """The document of the authority's last decision, if one was given."""
    found = Attachment.objects.filter(application=application, kind=AUTHORITY, removed_at=None, redacted_at=None)
    return found.order_by("-uploaded_at").first()


def awaited(application: Application) -> set[UUID]:
    """Whom a reminder of this dossier concerns: whoever's turn it is, and the steward in charge where others decide."""
    turn = workflow.whose_turn(application.state)
    found: set[UUID] = set()
    if turn is Turn.APPLICANT:
        return set(Member.objects.filter(application=application).values_list("person_id", flat=True))
    if turn is Turn.COMMITTEE:
        found |= set(holders_of(Role.COMMITTEE_SECRETARY).values_list("pk", flat=True))
    if turn is Turn.SIGNATORIES:
        today = timezone.localdate()
        mandated = Mandate.objects.current(today).filter(organisation=application.organisation_id, may_sign=True)
        found |= set(mandated.values_list("person_id", flat=True))
    return found | in_charge(application)


def in_charge(application: Application) -> set[UUID]:
    """The steward to whom the dossier was given; all of them while it is nobody's."""
    if application.assigned_to_id:
        return {application.assigned_to_id}
    return set(stewards().values_list("pk", flat=True))


def stewards() -> QuerySet[Person]:
    """The data stewards of today, by name."""
    return holders_of(Role.STEWARD)


def holders_of(role: Role) -> QuerySet[Person]:
    """Who holds this role on the platform today, by name."""
    roles = StaffRole.objects.current(timezone.localdate()).filter(role=role)
    found = Person.objects.filter(pk__in=roles.values("person_id"), is_active=True)
    return found.order_by("family_name", "given_name")
