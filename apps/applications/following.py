"""Who follows dossiers up, and what is followed up of their decisions."""

from django.db.models import F, QuerySet
from django.utils import timezone

from apps.accounts.models import Person, StaffRole
from apps.applications.models import AUTHORITY, Application, Attachment, Obligation
from apps.core.rules import Role


def obligations_of(application: Application) -> QuerySet[Obligation]:
    """The conditions that decisions put, those still open first."""
    found = Obligation.objects.filter(application=application).select_related("fulfilled_by")
    return found.order_by(F("fulfilled_at").asc(nulls_first=True), "outcome_id", "id")


def authority_document(application: Application) -> Attachment | None:
    """The document of the authority's last decision, if one was given."""
    found = Attachment.objects.filter(application=application, kind=AUTHORITY, removed_at=None, redacted_at=None)
    return found.order_by("-uploaded_at").first()


def stewards() -> QuerySet[Person]:
    """The data stewards of today, by name."""
    roles = StaffRole.objects.current(timezone.localdate()).filter(role=Role.STEWARD)
    found = Person.objects.filter(pk__in=roles.values("person_id"), is_active=True)
    return found.order_by("family_name", "given_name")
