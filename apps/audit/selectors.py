"""Reading the audit log."""

from django.db.models import QuerySet

from apps.audit.models import Event


def events_of_dossier(dossier_id: str) -> QuerySet[Event]:
    """Everything that was done to a dossier and to what came out of it, in order."""
    return Event.objects.filter(dossier_id=dossier_id).order_by("id")
