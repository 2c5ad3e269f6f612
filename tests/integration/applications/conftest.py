"""What every test of dossiers needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.applications import documents_kept_in


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the documents."""
    with documents_kept_in(tmp_path / "media"):
        yield tmp_path / "media"
