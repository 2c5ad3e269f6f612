"""Well-formed calls that must be refused whoever makes them: they ask what is not for the caller to do."""

import uuid

from tests.factories.audit import unguarded
from tests.permissions.payload import Ids, Maker, Payload, fresh_code
from tests.permissions.world import Visitor, World


def _for_another_organisation(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"organisation": world.foreign_organisation, "path": "mr004", "creation_key": str(uuid.uuid4())})


def _vouched_already(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """The second voice of the same steward."""
    unguarded(
        "UPDATE accounts_accountrecovery SET status = 'vouched', first_by_id = %s WHERE id = %s",
        [visitor.person_id, ids["recovery_id"]],
    )
    return Payload({"note": "Vue en visioconférence.", "seen": "vouched", "otp_code": fresh_code()})


FORGERIES: dict[str, Maker] = {
    "accounts:recovery_approve": _vouched_already,
    "applications:create": _for_another_organisation,
}
