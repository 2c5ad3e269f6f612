"""A new key of keys. Material of external origin cannot be rotated: another key takes its place, the data keys are
wrapped anew by it, and only when they were opened with it is the former one destroyed.

The ledger says at every moment which key opens the data keys: it is the identifier of `data_keys`, written together
with them. Three rows follow it: `next_key` before the change, `key` with it, `former_key` until that one is destroyed.
"""

from apps.workspaces.providers.base import Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.base_parts import (
    FORMER,
    NEXT,
    WITHOUT_MATERIAL,
    Key,
    NextKey,
    keys_of_workspace,
)
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import SOON, Seen, ensure, look
from apps.workspaces.providers.scaleway.vault import give_material, known_data_keys, open_all, wrap_anew


def next_key(site: Site) -> Made | NotYet:
    """The key that is to come stands. What an earlier renewal left undone is finished first."""
    if _is_done(site):
        return Made()
    left = shred_former_key(site)
    if isinstance(left, NotYet):
        return left
    known = site.known(NEXT)
    if known is not None and known.external_id == known_data_keys(site).external_id:
        site.job.notebook.forget(NEXT)
    return ensure(NextKey(), site)


def next_key_material(site: Site) -> Made | NotYet:
    """It has its material."""
    return Made() if _is_done(site) else give_material(site, NextKey().get(site, site.id_of(NEXT)))


def rewrap_keys(site: Site) -> Made | NotYet:
    """The data keys are wrapped by the next key, which from here on is the key."""
    if not _is_done(site):
        former, new = known_data_keys(site).external_id, site.id_of(NEXT)
        wrapped = wrap_anew(site, by=new)
        site.keep(FORMER, former, {})
        site.keep("data_keys", new, {**wrapped, "key_generation": str(site.job.generation)})
    key = Key().get(site, known_data_keys(site).external_id)
    site.keep("key", key.id, dict(key.facts))
    site.job.notebook.forget(NEXT)
    return Made()


def shred_former_key(site: Site) -> Made | NotYet:
    """The former key's material is destroyed and the key deleted, once its successor opened everything."""
    known = site.known(FORMER)
    if known is None:
        return Made()
    if known.external_id in {known_data_keys(site).external_id, site.id_of("key")}:
        raise ProviderRefused("The former key is still in use: it was not destroyed.")
    open_all(site)
    seen = look(Key(), site, known.external_id)
    if seen is None:
        site.job.notebook.forget(FORMER)
        return Made()
    if seen.facts["state"] != WITHOUT_MATERIAL:
        site.cloud.keys.delete_key_material(key_id=seen.id)
        return NotYet(SOON, "former key material destroyed, read back next")
    site.cloud.keys.delete_key(key_id=seen.id)
    return NotYet(SOON, "former key deleted, read back next")


def _is_done(site: Site) -> bool:
    return known_data_keys(site).facts.get("key_generation") == str(site.job.generation)


def shred_key(site: Site) -> Made | NotYet:
    """Destroy the material of every key of the workspace: from here on nothing they sealed can be read by anybody."""
    found: dict[str, Seen] = {one.id: one for one in keys_of_workspace(site)}
    for known in filter(None, map(site.known, ("key", NEXT, FORMER))):
        by_ledger = look(Key(), site, known.external_id) if known.external_id not in found else None
        if by_ledger is not None:
            found[by_ledger.id] = by_ledger
    live = [one for one in found.values() if one.facts["state"] != WITHOUT_MATERIAL]
    for one in live:
        site.cloud.keys.delete_key_material(key_id=one.id)
    if live:
        return NotYet(SOON, "key material destroyed, read back next")
    for kind in ("data_keys", NEXT, FORMER):
        site.job.notebook.forget(kind)
    return Made()
