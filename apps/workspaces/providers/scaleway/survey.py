"""Comparing what exists of one workspace with what the ledger says; `strays` looks for everything else."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from apps.workspaces.providers.base import Difference, ProviderRefused, Testimony, What
from apps.workspaces.providers.scaleway.base_parts import FORMER, NEXT, Key
from apps.workspaces.providers.scaleway.buckets import PURPOSES, policy_drift, strange_buckets
from apps.workspaces.providers.scaleway.delivery import agent_drift
from apps.workspaces.providers.scaleway.errors import Absent, Invalid, NotMade
from apps.workspaces.providers.scaleway.identity import strange_keys
from apps.workspaces.providers.scaleway.openings import acl_drift, strange_routes
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import Drift, Thing, look

Checks = tuple[tuple[str, str, Callable[[Site], list[Drift]]], ...]


def _bucket_check(purpose: str) -> Callable[[Site], list[Drift]]:
    return lambda site: policy_drift(site, purpose)


CHECKS: Checks = (
    ("acl", "vpc", acl_drift),
    ("routes", "vpc", strange_routes),
    ("api_key", "application", strange_keys),
    ("buckets", "project", strange_buckets),
    ("agent", "isolation", agent_drift),
    *((f"policy_{purpose}", f"bucket_{purpose}", _bucket_check(purpose)) for purpose in PURPOSES),
)
"""What is set on a part: name, the part without which there is nothing to check, and how it is checked."""


def survey(things: Iterable[Thing], site: Site) -> tuple[Difference, ...]:
    """Missing, changed and superfluous parts of one workspace; nothing is changed."""
    found = [one for thing in things for one in _of(thing, site)]
    missing = {one.kind for one in found if one.what is What.MISSING}
    for name, part, check in CHECKS:
        if site.known(part) and part not in missing:
            found += [_difference(site, What.CHANGED, name, site.id_of(part), one) for one in _checked(check, site)]
    return tuple(found)


def _checked(check: Callable[[Site], list[Drift]], site: Site) -> list[Drift]:
    """A workspace that was never completed is compared as far as it goes."""
    try:
        return check(site)
    except NotMade:
        return []


def _of(thing: Thing, site: Site) -> Iterator[Difference]:
    known = site.known(thing.kind)
    if known is None:
        return
    seen = look(thing, site, known.external_id)
    if seen is None:
        yield _difference(site, What.MISSING, thing.kind, known.external_id, Drift("it does not exist any more"))
        return
    for drift in _checked(lambda on: thing.drift(on, seen), site):
        yield _difference(site, What.CHANGED, thing.kind, seen.id, drift)
    others = {one.id: one for one in (*thing.find(site), *thing.unused(site))}
    for other in others.values():
        if other.id != known.external_id and not thing.is_gone(other):
            copy = _difference(site, What.ORPHAN, thing.kind, other.id, Drift("a second one that nobody uses"))
            yield replace(copy, useless=True)


def _difference(site: Site, what: What, kind: str, external_id: str, drift: Drift) -> Difference:
    zone = site.cloud.account.zone
    return Difference(what, kind, external_id, zone, drift.detail, opens=drift.opens, workspace_id=site.job.spec.id)


def testify(things: Iterable[Thing], site: Site) -> tuple[Testimony, ...]:
    """What every GET answers about everything the workspace ever had."""
    said = []
    for thing in things:
        ever = site.job.notebook.ever(thing.kind)
        if ever is not None:
            said.append(_asked(thing, site, ever.external_id))
    for kind in (NEXT, FORMER):
        ever = site.job.notebook.ever(kind)
        if ever is not None:
            said.append(replace(_asked(Key(), site, ever.external_id), kind=kind))
    ever = site.job.notebook.ever("api_key")
    if ever is not None:
        said.append(_api_key(site, ever.external_id))
    return tuple(said)


def _asked(thing: Thing, site: Site, part_id: str) -> Testimony:
    try:
        seen = thing.get(site, part_id)
    except (Absent, Invalid):
        return Testimony(thing.kind, part_id, True, "404")
    state = seen.facts.get("state", "present")
    is_gone = thing.is_gone(seen)
    return Testimony(thing.kind, part_id, is_gone, f"200, {state}" + (", scheduled for deletion" if is_gone else ""))


def _api_key(site: Site, access_key: str) -> Testimony:
    try:
        site.cloud.iam.get_api_key(access_key=access_key)
    except Absent:
        return Testimony("api_key", access_key, True, "404")
    return Testimony("api_key", access_key, False, "200")


def discard(things: Iterable[Thing], site: Site, difference: Difference) -> None:
    """Remove a copy that nobody ever used: never the one of the ledger."""
    thing = next((one for one in things if one.kind == difference.kind), None)
    known = site.known(difference.kind)
    if not difference.useless or thing is None or known is None or known.external_id == difference.external_id:
        raise ProviderRefused("Only a copy that nobody uses is removed by the machine.")
    seen = look(thing, site, difference.external_id)
    if seen is not None:
        thing.delete(site, seen)
