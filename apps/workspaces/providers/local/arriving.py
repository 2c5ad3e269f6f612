"""An extract on its way from an object store into the room of a workspace on this host.

It is copied under a hidden name, each file once its checksum is that of the manifest, and renamed when all are there:
what bears the extract's name is whole. Nothing of it can be written from inside: the sandbox is shown it read-only.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from apps.extracts.engine.places import ObjectPath
from apps.workspaces.providers.deliveries import Delivered, delivered, store_asked

_AT_ONCE = 64 * 1024**2
_FOLDER, _FILE = 0o755, 0o444


def arrive(extract: ObjectPath, folder: Path, manifest: str = "") -> bool:
    """Bring some more of an extract to `folder`/its name, and remove any other; whether it is there, whole. `manifest`
    is the SHA-256 of its manifest, where it is known.

    Raises ProviderRefused for what is not as its manifest says, ProviderUnavailable when the store does not answer."""
    arrived, coming = folder / extract.name, folder / f".{extract.name}"
    with store_asked():
        _make(folder)
        for other in set(folder.iterdir()) - {arrived, coming}:  # of before an amendment
            shutil.rmtree(other)
        if arrived.exists():
            return True
        if not _copied(delivered(extract, manifest), coming):
            return False
        coming.rename(arrived)
    return True


def _copied(files: Mapping[str, Delivered], coming: Path) -> bool:
    copied = 0
    for name, file in files.items():
        if (coming / name).exists():
            continue
        _make_path(coming, name)
        # Copied beside and renamed: a file that bears its name is whole, and was checked.
        with file.checked(coming.parent) as path:
            path.chmod(_FILE)
            path.rename(coming / name)
        copied += file.size
        if copied >= _AT_ONCE:
            return False
    return True


def _make_path(coming: Path, name: str) -> None:
    _make(coming)
    for parent in reversed(Path(name).parents[:-1]):
        _make(coming / parent)


def _make(directory: Path) -> None:
    """A directory that the workspace's own user may pass through, whatever this process's umask."""
    directory.mkdir(exist_ok=True)
    directory.chmod(_FOLDER)
