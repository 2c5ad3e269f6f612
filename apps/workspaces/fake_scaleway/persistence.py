"""Keeping the imitated account between two runs of the process, in one file of its own making."""

import pickle
from pathlib import Path
from typing import Any

from apps.workspaces.fake_scaleway.world import World

JSON = Any
KEPT = ("store", "limits", "organization", "default_project", "access_key", "secret_key", "hub")


def save(world: World, path: Path) -> None:
    """Write resources, what is about to happen to them, limits and keys; a crash leaves the previous file whole."""
    moment = world.clock.now()
    content = pickle.dumps({"moment": moment, **{name: getattr(world, name) for name in KEPT}})
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(path)


def load(world: World, path: Path) -> bool:
    """Fill the world from the file; False when there is none. A virtual clock goes on where it was.

    The file is a pickle: only read one that this process wrote.
    """
    if not path.exists():
        return False
    kept: dict[str, JSON] = pickle.loads(path.read_bytes())  # noqa: S301 - written by `save`, readable by its owner only
    for name in KEPT:
        setattr(world, name, kept[name])
    behind = kept["moment"] - world.clock.now()
    if behind > 0:
        world.clock.advance(behind)
    return True
