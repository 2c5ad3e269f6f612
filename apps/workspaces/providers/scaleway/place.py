"""Where anything may be: one region, for health data. Settings, transport and reconciler each hold to it by this."""

import re

REGION = "fr-par"
ZONES = ("fr-par-1", "fr-par-2", "fr-par-3")
ELSEWHERE = ("nl-ams-1", "nl-ams-2", "nl-ams-3", "pl-waw-1", "pl-waw-2", "pl-waw-3", "it-mil-1")
"""Zones in which nothing of ours may exist: the reconciler looks there for strays."""
REGIONS_ELSEWHERE = tuple(dict.fromkeys(zone.rpartition("-")[0] for zone in ELSEWHERE))

_PLACED = re.compile(r"/(?:regions|zones)/([a-z0-9-]+)")


def is_allowed(place: str) -> bool:
    """Whether a region or a zone is in the one region."""
    return place == REGION or place in ZONES


def place_of(path: str) -> str:
    """The region or zone that a path of the API names; empty for what belongs to no place."""
    found = _PLACED.search(path)
    return found[1] if found else ""
