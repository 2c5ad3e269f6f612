"""Where documents are kept: a folder outside the web root, under random names."""

import os
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _path(key: str) -> Path:
    if settings.MEDIA_DIR is None:
        raise ImproperlyConfigured("HDH_MEDIA_DIR is not set in this process: it has no business with documents")
    return Path(settings.MEDIA_DIR) / key[:2] / key


def store(key: str, data: bytes) -> None:
    """Write a document so that it is whole on disk, or absent. Raises FileExistsError when the key was used."""
    path = _path(key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".part"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".part").rename(path)


def opened(key: str) -> BinaryIO:
    """A document open for reading; the caller closes it. Raises FileNotFoundError when it is gone."""
    return _path(key).open("rb")


def erase(key: str) -> None:
    """Delete a document, or what was written of it; nothing happens when it is gone already."""
    _path(key).unlink(missing_ok=True)
    _path(key).with_suffix(".part").unlink(missing_ok=True)
