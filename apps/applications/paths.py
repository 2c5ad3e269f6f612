"""Which rules a dossier goes by."""

from django.utils import timezone

from apps.applications.models import Application
from apps.applications.policy import Path, Policy, policy_on, policy_version


def policy_of(application: Application) -> Policy:
    """The rules the dossier goes by: those of the day of its first submission, today's before."""
    if application.policy_version:
        return policy_version(application.policy_version)
    return policy_on(timezone.localdate())


def path_of(application: Application) -> Path:
    """The way the dossier goes through the procedure."""
    return policy_of(application).path(application.path)
