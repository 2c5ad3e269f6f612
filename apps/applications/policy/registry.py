"""The files of rules, and which of them holds on a day. Pure but for reading the files, once."""

from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path as File

from apps.applications.policy.loading import BadPolicy, policy_read
from apps.applications.policy.model import Policy, UnknownRule

FOLDER = File(__file__).parent / "data"


@cache
def policies() -> tuple[Policy, ...]:
    """Every version of the rules, oldest first. Raises BadPolicy when two hold on one day."""
    found = tuple(sorted((policy_read(file) for file in FOLDER.glob("*.toml")), key=lambda one: one.valid_from))
    for earlier, later in pairwise(found):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise BadPolicy(f"{earlier.version} and {later.version} hold on the same day")
    return found


def policy_on(day: date) -> Policy:
    """The rules of a day. Raises UnknownRule for a day before the first of them."""
    for policy in reversed(policies()):
        if policy.valid_from <= day and (policy.valid_to is None or day <= policy.valid_to):
            return policy
    raise UnknownRule(f"no rules for {day}")


def policy_version(version: str) -> Policy:
    """The rules of a version, however old. Raises UnknownRule: a version is never taken back."""
    for policy in policies():
        if policy.version == version:
            return policy
    raise UnknownRule(f"no rules {version}")
