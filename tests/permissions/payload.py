"""What a well-formed call sends, and a code that is right."""

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.accounts.totp import code_at, counter_now
from tests.factories.accounts import SEED
from tests.permissions.world import Visitor, World


@dataclass(frozen=True)
class Payload:
    """The fields and files of a POST. `writes`: whether the database changes when the call is allowed."""

    data: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    writes: bool = True


Ids = dict[str, str]
Maker = Callable[[World, Visitor, Ids], Payload]


def fresh_code() -> str:
    """The code that everybody's authenticator application of the world shows now."""
    return code_at(SEED, counter_now())
