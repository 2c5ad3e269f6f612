"""Sending a dossier onto the path that fits it."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import selectors
from apps.applications.models import Application
from apps.applications.rules import Outcome
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed, state_change
from apps.applications.services.staging import Ending, outcome_keep
from apps.core.errors import RefusedError


def application_redirect(
    *, application: Application, seen_version: int, path: str, reason: str, by: Person
) -> Application:
    """Give the dossier back to its team on another path, saying why: every page opens, no earlier stage stands.

    The dossier keeps the rules it was submitted under. Raises RefusedError (field "path" or "reason"; conflict of
    interest, state), ChangedMeanwhile.
    """
    if not reason.strip():
        raise RefusedError((_("Say why another path fits: its team reads it."),), field="reason")
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.redirect", selectors.stage_facts(locked, by))
        if path not in {found.key for found in selectors.other_paths(locked)}:
            raise RefusedError((_("Choose another path among those in force."),), field="path")
        moved = state_change(
            "application.redirect", locked, seen_version=seen_version, by=by, path=path, stages_done=[]
        )
        outcome_keep(locked, Ending(Outcome.REDIRECTED, reference=path, comment=reason.strip()), by)
        record("application.redirected", moved, by, {"round": locked.round, "from": locked.path, "to": path})
        return moved
