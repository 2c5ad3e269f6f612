"""The keys of a workspace: material that only Key Manager holds, and two data keys that exist at rest only wrapped."""

import base64
import secrets

from apps.workspaces.providers.base import Known, Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.base_parts import Key
from apps.workspaces.providers.scaleway.errors import Invalid
from apps.workspaces.providers.scaleway.secrets import DataKey, Hidden
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import SOON, Seen, look

PURPOSES = ("objects", "volume")


def key_material(site: Site) -> Made | NotYet:
    """Give the key its material, 256 random bits that are nowhere else; never twice once something was sealed by it."""
    seen = Key().get(site, site.id_of("key"))
    if site.known("data_keys") and seen.facts["state"] != "enabled":
        raise ProviderRefused("The key's material was destroyed: what it sealed cannot be read any more.")
    return give_material(site, seen)


def give_material(site: Site, seen: Seen) -> Made | NotYet:
    """Give a key that has none its material."""
    if seen.facts["state"] == "enabled":
        return Made()
    material = base64.b64encode(secrets.token_bytes(32)).decode()
    site.cloud.keys.import_key_material(key_id=seen.id, key_material=material)
    return NotYet(SOON, "key material given, read back next")


def data_keys(site: Site) -> Made | NotYet:
    """Two wrapped keys in the ledger, that can be opened."""
    if site.known("data_keys") is None:
        wrapped = {f"_{purpose}": _new(site) for purpose in PURPOSES}
        site.keep("data_keys", site.id_of("key"), wrapped)
        return NotYet(SOON, "data keys made, opened next")
    open_all(site)
    known = known_data_keys(site)
    return Made((("data_keys", known.external_id, known.facts),))


def known_data_keys(site: Site) -> Known:
    """What the ledger holds of the data keys; their identifier is that of the key that wraps them. Raises
    ProviderRefused when there are none."""
    known = site.known("data_keys")
    if known is None:
        raise ProviderRefused("The workspace has no data keys: it must be prepared first.")
    return known


def open_all(site: Site) -> None:
    """Raises ProviderRefused when one of the data keys cannot be opened."""
    for purpose in PURPOSES:
        data_key(site, purpose)


def wrap_anew(site: Site, *, by: str) -> dict[str, str]:
    """What the ledger holds of the data keys with each of them wrapped by another key, and opened by it once."""
    facts = dict(known_data_keys(site).facts)
    for purpose in [name.removeprefix("_") for name in facts if name.startswith("_")]:
        plain = data_key(site, purpose)
        wrapped = site.cloud.keys.encrypt(key_id=by, plaintext=plain.text.reveal()).ciphertext
        if _opened(site, by, str(wrapped)) != plain:
            raise ProviderRefused("A data key is another one after being wrapped anew: nothing was changed.")
        facts[f"_{purpose}"] = str(wrapped)
    return facts


def _new(site: Site) -> str:
    known = site.known("data_keys")
    key_id = known.external_id if known else site.id_of("key")
    return str(site.cloud.keys.generate_data_key(key_id=key_id, without_plaintext=True).ciphertext)


def data_key(site: Site, purpose: str) -> DataKey:
    """A data key, opened. Raises ProviderRefused when it cannot be any more."""
    known = known_data_keys(site)
    if f"_{purpose}" not in known.facts:
        raise ProviderRefused("The workspace has no data keys: it must be prepared first.")
    return _opened(site, known.external_id, known.facts[f"_{purpose}"])


def _opened(site: Site, key_id: str, wrapped: str) -> DataKey:
    try:
        answer = site.cloud.keys.decrypt(key_id=key_id, ciphertext=wrapped)
    except Invalid:
        raise ProviderRefused("The data keys cannot be opened: the key's material changed.") from None
    return DataKey(Hidden(answer.plaintext))


def next_object_key(site: Site, generation: str) -> None:
    """Have a key for sealing the objects anew. One that an interrupted renewal made is kept, for some objects may be
    under it already; but every object is looked at again."""
    known = known_data_keys(site)
    if known.facts.get("next_for") != generation:
        sealed = known.facts.get("_next") or _new(site)
        facts = {**known.facts, "_next": sealed, "next_for": generation, "resealed": ""}
        site.keep("data_keys", known.external_id, facts)


def swap_object_key(site: Site) -> None:
    """From now on the next key is the key."""
    known = known_data_keys(site)
    over = {"_next", "next_for", "resealed", "upload", "upload_etag"}
    kept = {name: value for name, value in known.facts.items() if name not in over}
    kept |= {"_objects": known.facts["_next"], "generation": known.facts["next_for"]}
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
