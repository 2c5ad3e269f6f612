"""A submitted dossier that amends an approved one of its team, for the calls that only amendments know."""

from django.utils import timezone

from apps.applications.models import Application
from tests.permissions.addresses import Address
from tests.permissions.asking import tables_written

ONLY_AMENDMENTS = frozenset({"application.judge"})


def amends_another(address: Address, ids: dict[str, str]) -> None:
    """Within a call that is taken back: the dossier amends the one of its team that was approved."""
    if address.action is None or address.action.name not in ONLY_AMENDMENTS:
        return
    found = Application.objects.get(pk=ids["application_id"])
    root = Application.objects.filter(created_by=found.created_by, status="approved", amends=None).first()
    Application.objects.filter(pk=found.pk).update(kind="amendment", amends=root, created_at=timezone.now())
    tables_written.add("applications_application")
