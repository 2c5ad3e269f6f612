"""The extract as the extract workers left it, in a folder or in an object store, for whoever brings it elsewhere."""

import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apps.extracts.engine.places import ObjectPath, Place, fetched, files_under
from apps.extracts.engine.source import sha256_of
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable

MANIFEST = "manifest.json"
UNLISTED = frozenset({MANIFEST, "manifest.sig.json"})
"""What a manifest cannot name: itself and its signature."""
_ABSENT = "The delivery cannot be read: it is not where the extract left it."


@dataclass(frozen=True)
class Delivered:
    """One file of a delivery: where it stands, its size in bytes and its SHA-256, as the manifest says them."""

    place: Place
    size: int
    sha256: str

    @contextmanager
    def checked(self, folder: Path | None = None) -> Iterator[Path]:
        """The very bytes that the manifest speaks of, as a file; an object is copied first, into `folder` if given.

        Raises ProviderRefused for any other bytes, ProviderUnavailable when the store does not answer."""
        with store_asked(), fetched(self.place, folder) as path:
            if sha256_of(path) != self.sha256:
                raise ProviderRefused(f"The delivery is not what its manifest says: {self.place.name} differs.")
            yield path


def delivered(root: Place | None, manifest: str = "") -> dict[str, Delivered]:
    """The files of a delivery by name; `manifest` is the SHA-256 of its manifest, where it is known.

    Raises ProviderRefused where there is none or another, or where an object is missing or one too many;
    ProviderUnavailable when the store does not answer."""
    if root is None or (isinstance(root, Path) and not root.is_dir()):
        raise ProviderRefused(_ABSENT)
    with store_asked():
        names, said = files_under(root), _said_by_manifest(root, manifest)
        if isinstance(root, ObjectPath):
            _refuse_unless_whole(names, said)
        return {name: Delivered(root / name, *(said.get(name) or _seen(root / name))) for name in names}


@contextmanager
def store_asked() -> Iterator[None]:
    """What a store or a disk answers, in the words of providers."""
    try:
        yield
    except FileNotFoundError as error:
        raise ProviderRefused(_ABSENT) from error
    except OSError as error:
        raise ProviderUnavailable("the place of deliveries does not answer") from error


def _said_by_manifest(root: Place, expected: str) -> dict[str, tuple[int, str]]:
    content = (root / MANIFEST).read_bytes()
    if expected and hashlib.sha256(content).hexdigest() != expected:
        raise ProviderRefused("The delivery is not the one that was verified: its manifest differs.")
    try:
        manifest = json.loads(content)
        listed = [(file["path"], file) for file in manifest.get("files", ())]
        return {name: (one["bytes"], one["sha256"]) for name, one in [*listed, *manifest.get("documents", {}).items()]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderRefused("The delivery cannot be read: its manifest is malformed.") from error


def _refuse_unless_whole(names: Collection[str], said: Collection[str]) -> None:
    """A folder appeared whole when it was renamed; nothing says so of objects."""
    wanted = UNLISTED | set(said)
    if any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise ProviderRefused("The delivery cannot be read: a name in it leads elsewhere.")
    if wanted != set(names):
        first = min(wanted ^ set(names))
        raise ProviderRefused(f"The delivery is not what its manifest says: {first} is missing, or one too many.")


def _seen(place: Place) -> tuple[int, str]:
    return place.stat().st_size, sha256_of(place)
