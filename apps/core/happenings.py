"""When something happened in one room, others follow up in the same transaction by writing rows.

A service says `happened(name, ...)`; `apps/fulfilment/handlers.py` says on one page what follows. A follow-up that
fails takes the decision back with it: never half.
"""

from collections.abc import Callable

from django.db import transaction

FollowUp = Callable[[str, str], None]  # (subject id, id of the person or zone who did it)

_follow_ups: dict[str, list[FollowUp]] = {}


def when(name: str, follow_up: FollowUp) -> None:
    """Have `follow_up` run each time `name` happens. Registering the same function again changes nothing."""
    registered = _follow_ups.setdefault(name, [])
    if follow_up not in registered:
        registered.append(follow_up)


def happened(name: str, *, subject_id: str, by: str) -> None:
    """Run the follow-ups of `name`. Raises RuntimeError outside a transaction: they must stand or fall with it."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{name} happened outside a transaction")
    for follow_up in _follow_ups.get(name, []):
        follow_up(subject_id, by)
