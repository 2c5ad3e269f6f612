"""What every test of dossiers needs."""

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from apps.core import happenings
from tests.factories.applications import documents_kept_in


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the documents."""
    with documents_kept_in(tmp_path / "media"):
        yield tmp_path / "media"


@pytest.fixture
def follow_ups() -> Iterator[list[tuple[str, str]]]:
    """What the approval's follow-ups were told, instead of making projects."""
    told: list[tuple[str, str]] = []
    with mock.patch.dict(happenings._follow_ups, {"application.approved": [lambda *facts: told.append(facts)]}):
        yield told
