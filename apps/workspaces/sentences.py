"""How workspaces speak: events in the timeline, steps, refusals."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from apps.core.errors import COMMON_MESSAGES
from apps.core.rules import Reason
from apps.projects.wording import ADVICE

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
    "preflight": _("Room, stock and budget checked"),
    "project": _("Project of its own in the cloud"),
    "key": _("Encryption key of the workspace"),
    "key_material": _("Key material, known to nobody else"),
    "data_keys": _("Keys for objects and volume, sealed"),
    "vpc": _("Network of its own"),
    "private_network": _("Private network without a way out"),
    "acl": _("Network closed by default"),
    "object_access": _("Private way to object storage"),
    "connector": _("Link to the hub"),
    "connector_back": _("Link from the hub"),
    "security_group": _("Firewall: nothing in, nothing out"),
    "bucket_extract": _("Bucket for the extract"),
    "bucket_work": _("Bucket for the work"),
    "bucket_airlock": _("Bucket for exports"),
    "application": _("Identity of the workspace"),
    "policy": _("Rights of that identity"),
    "secret": _("Safe for its key"),
    "api_key": _("Access key, for ninety days"),
    "bucket_policies": _("Buckets closed to everybody else"),
    "bucket_canaries": _("Buckets tried: own key passes, others are refused"),
    "volume": _("Encrypted volume"),
    "server": _("Server, without a public address"),
    "attach": _("Volume attached to the server"),
    "user_data": _("First words for the server, without any secret"),
    "private_nic": _("Server connected to its network"),
    "power_on": _("Server started"),
    "hand_over": _("Keys handed to the server"),
    "cloud_self_test": _("Isolation tested from the inside"),
    "upstream": _("JupyterLab's address and certificate noted"),
    "deliver": _("Extract copied, encrypted"),
    "verify_delivery": _("Checksums compared by the server itself"),
    "power_off": _("Server stopped"),
    "remove_api_keys": _("Access keys deleted"),
    "disable_key": _("Encryption key disabled"),
    "shred_key": _("Key material destroyed: nothing can be read any more"),
    "change_type": _("Size of the server changed"),
    "renew_api_key": _("Access key renewed"),
    "next_key": _("New encryption key of the workspace"),
    "next_key_material": _("Material of the new key, known to nobody else"),
    "rewrap_keys": _("Keys for objects and volume sealed with the new key"),
    "shred_former_key": _("Former encryption key destroyed"),
    "renew_object_key": _("Objects sealed with a new key"),
    "renew_volume_key": _("Volume opened by a new key alone"),
    "remove_private_nic": _("Network interface removed"),
    "remove_server": _("Server removed"),
    "remove_volume": _("Volumes removed"),
    "remove_secret": _("Safe removed"),
    "remove_policy": _("Rights removed"),
    "remove_application": _("Identity removed"),
    "remove_bucket_airlock": _("Bucket for exports emptied and removed"),
    "remove_bucket_work": _("Bucket for the work emptied and removed"),
    "remove_bucket_extract": _("Bucket for the extract emptied and removed"),
    "remove_security_group": _("Firewall removed"),
    "remove_connector_back": _("Link from the hub removed"),
    "remove_connector": _("Link to the hub removed"),
    "remove_private_network": _("Private network removed"),
    "remove_vpc": _("Network removed"),
    "remove_key": _("Encryption key removed"),
    "remove_project": _("Project removed"),
    "certificate": _("Everything asked for once more, and certified"),
}

# What the ledger names otherwise than the step that makes it.
PART_LABELS: Mapping[str, str | Promise] = {
    "sandbox": _("Isolated space"),
    "user": _("System user of the workspace"),
    "route": _("Access to the workspace"),
    "isolation": STEP_LABELS["self_test"],
    "delivery": STEP_LABELS["deliver"],
    "canaries": STEP_LABELS["bucket_canaries"],
}

# What may exist in the account, whether a plan makes it or not: names of things, not of steps.
CLOUD_KINDS: Mapping[str, str | Promise] = {
    "project": _("Project"),
    "application": _("IAM application"),
    "policy": _("IAM policy"),
    "api_key": _("API key"),
    "ssh_key": _("SSH key"),
    "key": _("Encryption key"),
    "secret": _("Secret"),
    "bucket": _("Bucket"),
    "buckets": _("Bucket"),
    "vpc": _("VPC"),
    "private_network": _("Private network"),
    "connector": _("VPC connector"),
    "address": _("Private address (IPAM)"),
    "server": _("Server"),
    "volume": _("Volume"),
    "local_volume": _("Local volume"),
    "security_group": _("Security group"),
    "snapshot": _("Snapshot of a volume"),
    "local_snapshot": _("Snapshot of a local volume"),
    "image": _("Image of a server"),
    "public_address": _("Public address"),
    "placement_group": _("Placement group"),
    "gateway": _("Public gateway"),
    "gateway_address": _("Address of a public gateway"),
}

# Why a workspace rests, as its row keeps it; `reason_in_words` says them in the reader's language.
IDLE_REASON = gettext_noop("Nobody was inside and nothing computed: it stopped by itself. Its work is kept.")
BUDGET_REASON = gettext_noop("The budget of the workspace is used up: an operator can raise it.")
EXPIRY_REASON = gettext_noop(
    "The project's entitlement is over: access is closed. The last export is decided, then it is destroyed."
)

SENTENCES: Mapping[str, str | Promise] = {
    "workspace.requested": _("The workspace was requested."),
    "workspace.data_ready": _("The extract was handed to the workspace."),
    "workspace.ready": _("The workspace is ready."),
    "workspace.start_needed": _("The workspace had stopped: it is being started again."),
    "workspace.suspended": _("%(actor)s suspended the workspace: access was cut at once, the work is kept."),
    "workspace.stopped": _("The workspace has stopped."),
    "workspace.start_asked": _("%(actor)s asked for the workspace to be started."),
    "workspace.stop_asked": _("%(actor)s asked for the workspace to be stopped."),
    "workspace.stopped_by_itself": _("The workspace stops by itself: nobody was inside, or its budget is used up."),
    "workspace.idle_warned": _("Nobody is in the workspace and nothing computes: the team was told that it will stop."),
    "workspace.waits_for_capacity": _("The workspace waits for capacity in the cloud."),
    "workspace.repair_needed": _("The workspace differed from what it should be: it is checked and repaired."),
    "workspace.suspended_by_drift": _("The isolation was weakened from outside: access was cut at once."),
    "workspace.expires_soon": _("The end of the project's entitlement is near."),
    "workspace.expired": _("The project's entitlement is over: access is closed."),
    "workspace.certificate_signed": _("The certificate of the destruction was signed."),
    "workspace.cancelled": _("%(actor)s cancelled the preparation: what was made is removed."),
    "workspace.resize_asked": _("%(actor)s asked for another size."),
    "workspace.budget_set": _("%(actor)s set the budget of the workspace."),
    "workspace.budget_alert": _("%(share)s %% of the workspace's budget is used: the team was told."),
    "workspace.rotation_asked": _("%(actor)s asked for new keys."),
    "workspace.repair_asked": _("%(actor)s asked for a check and repair."),
    "workspace.step_skipped": _("%(actor)s skipped a step, with a reason."),
    "workspace.step_retried": _("%(actor)s had a step tried again."),
    "workspace.operated": _("%(actor)s looked at the workspace from behind."),
    "workspace.certificate_read": _("%(actor)s read the certificate of the destruction."),
    "workspace.handed_over": _("%(actor)s handed the matter over."),
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
    **ADVICE,
    "not_entitled": _("The project's entitlement does not hold today: look at its dates on this page."),
    "status_requested": _("The workspace is waiting to be prepared."),
    "status_provisioning": _("The workspace is still being prepared: this page follows it by itself."),
    "status_starting": _("The workspace is starting: this page follows it by itself."),
    "status_running": _("The workspace is already running."),
    "status_waiting_capacity": _("The cloud has no room just now: the workspace goes on by itself once there is."),
    "status_stopping": _("The workspace is stopping."),
    "status_stopped": _("The workspace is stopped; its work is kept. A member can start it."),
    "status_expiring": _("The project's entitlement is over: access is closed."),
    "status_suspended": _("A data steward suspended the workspace. Your work is kept; the reason is shown above."),
    "status_failed": _("The workspace needs a person of the platform's team, who has it on their list."),
    "status_destroying": _("The workspace is being destroyed."),
    "status_destroyed": _("The workspace was destroyed."),
    "not_here": _("This provider has nothing of the kind: there is nothing to do."),
    "not_skippable": _("This step cannot be left out: the isolation, its proof or a removal depends on it."),
    "delivery_not_proven": _(
        "The comparison of the checksums cannot be left out: without it, files of a former extract could stay readable "
        "in the workspace. Try the step again once the server answers: what is missing is sent again, what does not "
        "belong there is removed. If it keeps stopping, hand it over; nobody enters meanwhile."
    ),
    "role": _("Only the members of the project may enter its workspace."),
}


def reason_sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Each reason in the reader's language."""
    return tuple(str(REASONS.get(reason.code) or COMMON_MESSAGES[reason.code]) for reason in reasons)
