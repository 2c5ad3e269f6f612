"""What the law and the platform fix and change: data with their source and their first day, not constants of code."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from apps.people.rules import TrainingRule

_FILE = Path(__file__).with_name("policy.json")


@cache
def _policy() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return read


@cache
def training_rules() -> tuple[TrainingRule, ...]:
    """For how long a training counts, by the day it was completed."""
    return tuple(
        TrainingRule(date.fromisoformat(rule["completed_from"]), rule["valid_days"], rule["source"])
        for rule in _policy()["training"]
    )


def consumer_domains() -> frozenset[str]:
    """Domains of e-mail providers that serve anybody: an address there is nobody's professional one."""
    return frozenset(_policy()["consumer_domains"])
