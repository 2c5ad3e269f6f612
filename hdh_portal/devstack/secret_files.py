"""Secrets of a development stack: made once, kept in files that only their owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from hdh_portal.devstack.places import make_directory

SECRET_BYTES = 48


def secret(var: Path, name: str) -> str:
    """The secret of this name of a data folder, made at the first call."""
    folder = make_directory(secrets_directory(var), mode=0o700)
    file = folder / name
    if not file.exists():
        write_private(file, secrets.token_urlsafe(SECRET_BYTES))
    return file.read_text()


def write_private(file: Path, content: str) -> None:
    """Replace a file as a whole with one that only its owner reads."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        written.write(content)
    unfinished.rename(file)


def secrets_directory(var: Path) -> Path:
    """Where the secrets of a data folder lie."""
    return var / "secrets"
