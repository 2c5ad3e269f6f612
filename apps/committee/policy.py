"""The numbers of the committee's procedure as data with a validity: quorum, reports, look-back of interests."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "policies"


@dataclass(frozen=True)
class Policy:
    """One version. `quorum_percent` of the members entitled to vote must be present; `reports_needed` rapporteurs must
    have answered before a vote; an interest counts `interest_years` after its end; `legal` in each language.
    """

    version: str
    valid_from: date
    valid_to: date | None
    quorum_percent: int
    reports_needed: int
    interest_years: int
    names_shown_to_applicants: bool
    legal: dict[str, str]


@cache
def policies() -> tuple[Policy, ...]:
    """Every version, the oldest first."""
    rows: list[dict[str, Any]] = [tomllib.loads(file.read_text()) for file in FOLDER.glob("*.toml")]
    return tuple(sorted((Policy(**{"valid_to": None, **row}) for row in rows), key=lambda one: one.valid_from))


def policy_on(day: date) -> Policy:
    """The version in force on a day. Raises LookupError when none was."""
    for found in reversed(policies()):
        if found.valid_from <= day and (found.valid_to is None or day <= found.valid_to):
            return found
    raise LookupError(f"no rules of the committee for {day}")
