"""How workspaces speak: events in the timeline, steps, refusals."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import COMMON_MESSAGES
from apps.core.rules import Reason

STEP_LABELS: Mapping[str, str | Promise] = {
    "check_host": _("Check of the isolation on this machine"),
    "home": _("Home folder of the workspace"),
    "wait_for_extract": _("Extract delivered and attached, read-only"),
    "sandbox_start": _("Start of the isolated space"),
    "answers": _("JupyterLab answers"),
    "self_test": _("Isolation tested from the inside"),
    "open_route": _("Opening of the access"),
    "revoke_sessions": _("Access cut"),
    "close_route": _("Closing of the route"),
    "sandbox_stop": _("Stop of the isolated space"),
    "remove": _("Destruction of the contents"),
}

SENTENCES: Mapping[str, str | Promise] = {
    "workspace.requested": _("The workspace was requested."),
    "workspace.data_ready": _("The extract was handed to the workspace."),
    "workspace.ready": _("The workspace is ready."),
    "workspace.start_needed": _("The workspace had stopped: it is being started again."),
    "workspace.suspended": _("%(actor)s suspended the workspace: access was cut at once, the work is kept."),
    "workspace.stopped": _("The suspended workspace has stopped."),
    "workspace.resumed": _("%(actor)s lifted the suspension of the workspace."),
    "workspace.needs_human": _("The workspace needs a person of the platform's team."),
    "workspace.destroy_requested": _("%(actor)s asked for the destruction of the workspace."),
    "workspace.destroyed": _("The workspace and what was in it were destroyed."),
    "workspace.ticket_issued": _("%(actor)s asked to enter the workspace."),
    "workspace.session_opened": _("%(actor)s entered the workspace."),
    "workspace.session_closed": _("%(actor)s is no longer in the workspace."),
    "workspace.kernel_started": _("%(actor)s started a computation in the workspace."),
    **{f"workspace.step.{name}": label for name, label in STEP_LABELS.items()},
}

REASONS: Mapping[str, str | Promise] = {
    "not_entitled": _("The project's entitlement does not hold today: look at its dates on this page."),
    "status_requested": _("The workspace is waiting to be prepared."),
    "status_provisioning": _("The workspace is still being prepared: this page follows it by itself."),
    "status_starting": _("The workspace is starting: this page follows it by itself."),
    "status_running": _("The workspace is already running."),
    "status_suspended": _("A data steward suspended the workspace. Your work is kept; the reason is shown above."),
    "status_failed": _("The workspace needs a person of the platform's team, who has it on their list."),
    "status_destroying": _("The workspace is being destroyed."),
    "status_destroyed": _("The workspace was destroyed."),
    "role": _("Only the members of the project may enter its workspace."),
}


def reason_sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Each reason in the reader's language."""
    return tuple(str(REASONS.get(reason.code) or COMMON_MESSAGES[reason.code]) for reason in reasons)
