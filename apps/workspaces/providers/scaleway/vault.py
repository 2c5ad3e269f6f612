"""The keys of a workspace: material that only Key Manager holds, and two data keys that exist at rest only wrapped."""

import base64
import secrets

from apps.workspaces.providers.base import Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.base_parts import Key
from apps.workspaces.providers.scaleway.errors import Invalid
from apps.workspaces.providers.scaleway.secrets import DataKey, Hidden
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import SOON, look

PURPOSES = ("objects", "volume")


def key_material(site: Site) -> Made | NotYet:
    """Give the key its material, 256 random bits that are nowhere else; never twice once something was sealed by it."""
    seen = Key().get(site, site.id_of("key"))
    if seen.facts["state"] == "enabled":
        return Made()
    if site.known("data_keys"):
        raise ProviderRefused("The key's material was destroyed: what it sealed cannot be read any more.")
    material = base64.b64encode(secrets.token_bytes(32)).decode()
    site.cloud.keys.import_key_material(key_id=seen.id, key_material=material)
    return NotYet(SOON, "key material given, read back next")


def data_keys(site: Site) -> Made | NotYet:
    """Two wrapped keys in the ledger, that can be opened."""
    if site.known("data_keys") is None:
        wrapped = {f"_{purpose}": _new(site) for purpose in PURPOSES}
        site.keep("data_keys", site.id_of("key"), wrapped)
        return NotYet(SOON, "data keys made, opened next")
    for purpose in PURPOSES:
        data_key(site, purpose)
    known = site.known("data_keys")
    return Made((("data_keys", known.external_id, known.facts),)) if known else NotYet(SOON)


def _new(site: Site) -> str:
    return str(site.cloud.keys.generate_data_key(key_id=site.id_of("key"), without_plaintext=True).ciphertext)


def data_key(site: Site, purpose: str) -> DataKey:
    """A data key, opened. Raises ProviderRefused when it cannot be any more."""
    known = site.known("data_keys")
    if known is None or f"_{purpose}" not in known.facts:
        raise ProviderRefused("The workspace has no data keys: it must be prepared first.")
    try:
        answer = site.cloud.keys.decrypt(key_id=site.id_of("key"), ciphertext=known.facts[f"_{purpose}"])
    except Invalid:
        raise ProviderRefused("The data keys cannot be opened: the key's material changed.") from None
    return DataKey(Hidden(answer.plaintext))


def next_object_key(site: Site, generation: str) -> DataKey:
    """The key that objects are being sealed with anew, made once for this operation."""
    known = site.known("data_keys")
    if known is None:
        raise ProviderRefused("The workspace has no data keys: it must be prepared first.")
    if known.facts.get("next_for") != generation:
        site.keep(
            "data_keys", known.external_id, {**known.facts, "_next": _new(site), "next_for": generation, "resealed": ""}
        )
    return data_key(site, "next")


def swap_object_key(site: Site, generation: str) -> None:
    """From now on the next key is the key."""
    known = site.known("data_keys")
    if known is not None:
        over = {"_next", "next_for", "resealed"}
        kept = {name: value for name, value in known.facts.items() if name not in over}
        kept |= {"_objects": known.facts["_next"], "generation": generation}
        site.keep("data_keys", known.external_id, kept)


def next_volume_key(site: Site) -> DataKey:
    """The key that is to open the volume. One that an interrupted renewal made is kept: it may open it already."""
    known = site.known("data_keys")
    if known is not None and "_next_volume" not in known.facts:
        site.keep("data_keys", known.external_id, {**known.facts, "_next_volume": _new(site)})
    return data_key(site, "next_volume")


def volume_keys(site: Site) -> tuple[DataKey, DataKey | None]:
    """The key that opens the volume and, while a renewal is interrupted, the one that may open it instead."""
    known = site.known("data_keys")
    waits = known is not None and "_next_volume" in known.facts
    return data_key(site, "volume"), data_key(site, "next_volume") if waits else None


def swap_volume_key(site: Site, generation: str) -> None:
    """From now on the next key is the volume's."""
    known = site.known("data_keys")
    if known is not None:
        kept = {name: value for name, value in known.facts.items() if name != "_next_volume"}
        kept |= {"_volume": known.facts["_next_volume"], "volume_generation": generation}
        site.keep("data_keys", known.external_id, kept)


def volume_key_is_renewed(site: Site, generation: str) -> bool:
    known = site.known("data_keys")
    return known is not None and known.facts.get("volume_generation") == generation


def resealed_up_to(site: Site) -> tuple[str, str]:
    """The last object (bucket, name) that is under the next key already; an empty pair at the beginning."""
    known = site.known("data_keys")
    bucket, _, name = (known.facts.get("resealed", "") if known else "").partition("/")
    return (bucket, name)


def note_resealed(site: Site, place: tuple[str, str]) -> None:
    """Remember how far it got."""
    known = site.known("data_keys")
    if known is not None and all(place):
        site.keep("data_keys", known.external_id, {**known.facts, "resealed": "/".join(place)})


def is_renewed(site: Site, generation: str) -> bool:
    known = site.known("data_keys")
    return known is not None and known.facts.get("generation") == generation


def disable_key(site: Site) -> Made | NotYet:
    """The key opens nothing while it is disabled; a key without material has nothing to open."""
    known = site.known("key")
    seen = look(Key(), site, known.external_id) if known else None
    if seen is None or seen.facts["state"] != "enabled":
        return Made()
    site.cloud.keys.disable_key(key_id=seen.id)
    return NotYet(SOON, "key disabled, read back next")


def shred_key(site: Site) -> Made | NotYet:
    """Destroy the material of every key of the workspace: from here on nothing it sealed can be read by anybody."""
    known = site.known("key")
    found = {one.id: one for one in Key().find(site)}
    by_ledger = look(Key(), site, known.external_id) if known and known.external_id not in found else None
    if by_ledger is not None:
        found[by_ledger.id] = by_ledger
    live = [one for one in found.values() if one.facts["state"] != "pending_key_material"]
    for one in live:
        site.cloud.keys.delete_key_material(key_id=one.id)
    if live:
        return NotYet(SOON, "key material destroyed, read back next")
    site.job.notebook.forget("data_keys")
    return Made()
