"""The rules of the procedure as data, with their versions and the days on which they hold. Pure: no Django here.

Adding a path, changing a delay or a list of documents is a file in `data/`; a dossier keeps the version it was
submitted under.
"""

from apps.applications.policy.assistant import Advice, assist
from apps.applications.policy.model import (
    AmendmentRule,
    Cnil,
    Committee,
    Delay,
    Document,
    Path,
    Policy,
    Stage,
    UnknownRule,
)
from apps.applications.policy.registry import policies, policy_on, policy_version

__all__ = [
    "Advice",
    "AmendmentRule",
    "Cnil",
    "Committee",
    "Delay",
    "Document",
    "Path",
    "Policy",
    "Stage",
    "UnknownRule",
    "assist",
    "policies",
    "policy_on",
    "policy_version",
]
