"""Which steps an operation has, for each provider. Pure; the only place where a step is named in order.

A start repeats the steps of a provision: each finds what already stands, checks it and keeps it, so that a workspace
that was interrupted anywhere is completed by whatever starts it. `remove_…` steps are the provision in reverse.
"""

from collections.abc import Mapping

from apps.workspaces.rules import Kind

Plan = tuple[str, ...]

_CUT = ("revoke_sessions", "close_route")

_SANDBOX = ("check_host", "home", "wait_for_extract", "sandbox_start", "answers", "self_test", "open_route")
_SANDBOX_STOP = (*_CUT, "sandbox_stop")

THINGS: Plan = (
    "project",
    "key",
    "vpc",
    "private_network",
    "connector",
    "connector_back",
    "security_group",
    "bucket_extract",
    "bucket_work",
    "bucket_airlock",
    "application",
    "policy",
    "secret",
    "volume",
    "server",
    "private_nic",
)
"""What a cloud workspace consists of, in the order in which it is made; removal takes the reverse order."""

_AFTER: Mapping[str, Plan] = {
    "key": ("key_material", "data_keys"),
    "private_network": ("acl", "object_access"),
    "secret": ("api_key", "bucket_policies", "bucket_canaries"),
    "server": ("attach", "user_data"),
}
"""What is set on a thing, or tried with it, once it stands."""

UPSTREAM = "upstream"
"""Where the gateway reaches the application, learned anew after each start of the server."""

_STANDS = ("power_on", "hand_over", "cloud_self_test", UPSTREAM)
_IN_USE = (*_STANDS, "wait_for_extract", "deliver", "verify_delivery", "open_route")
_CLOUD: Plan = ("preflight", *(name for one in THINGS for name in (one, *_AFTER.get(one, ()))), *_IN_USE)
_CLOUD_STOP: Plan = (*_CUT, "power_off")
_CLOUD_CLOSE: Plan = (*_CUT, "remove_api_keys", "power_off", "disable_key")
_CLOUD_DESTROY: Plan = (
    *_CUT,
    "remove_api_keys",
    "power_off",
    "shred_key",
    *(f"remove_{name}" for name in reversed(THINGS)),
    "certificate",
)
_NEW_KEYS = ("next_key", "next_key_material", "rewrap_keys", "shred_former_key", "renew_object_key")
_BACK = (*_STANDS, "open_route")

PLANS: Mapping[str, Mapping[Kind, Plan]] = {
    "local": {
        Kind.PROVISION: _SANDBOX,
        Kind.START: _SANDBOX,
        Kind.RESUME: _SANDBOX,
        Kind.STOP: _SANDBOX_STOP,
        Kind.SUSPEND: _SANDBOX_STOP,
        Kind.EXPIRE: _SANDBOX_STOP,
        Kind.RESIZE: (*_SANDBOX_STOP, *_SANDBOX),
        Kind.ROTATE_KEYS: (),
        Kind.RECONCILE: _SANDBOX,
        Kind.RENEW_DATA: (*_SANDBOX_STOP, *_SANDBOX),
        Kind.DESTROY: (*_SANDBOX_STOP, "remove", "certificate"),
    },
    "scaleway": {
        Kind.PROVISION: _CLOUD,
        Kind.START: _CLOUD,
        Kind.RESUME: _CLOUD,
        Kind.STOP: _CLOUD_STOP,
        Kind.SUSPEND: _CLOUD_CLOSE,
        Kind.EXPIRE: _CLOUD_CLOSE,
        Kind.RESIZE: ("preflight", *_CLOUD_STOP, "change_type", *_BACK),
        Kind.ROTATE_KEYS: (*_CUT, "renew_api_key", *_NEW_KEYS, "power_on", "renew_volume_key", *_BACK[1:]),
        Kind.RECONCILE: _CLOUD,
        Kind.RENEW_DATA: (*_CUT, *_CLOUD),
        Kind.DESTROY: _CLOUD_DESTROY,
    },
}

COMMON: frozenset[str] = frozenset({*_CUT, "wait_for_extract", "open_route", "certificate"})
"""Steps that the portal makes itself, whatever the provider."""

SKIPPABLE: frozenset[str] = frozenset({"deliver", "attach", "object_access", "user_data"})
"""Steps that an operator may skip with a reason: isolation, keys, canaries, tests and removals are never among them,
nor is the comparison of what the server reads with what was delivered. That one also takes away what is left of an
extract that an amendment replaced, and sends what is missing: it makes it harmless to leave the copying out."""

UNSKIPPABLE_BECAUSE: Mapping[str, str] = {"verify_delivery": "delivery_not_proven"}
"""Why a step cannot be left out, where something better can be said than that it cannot."""


def plan_of(provider: str, kind: Kind) -> Plan:
    """The steps of an operation. Raises KeyError for an unknown provider; empty where it does not apply."""
    return PLANS[provider][kind]
