"""What tests of workspaces in the imitated cloud begin with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from apps.workspaces.models import Workspace
from apps.workspaces.services import workspace_data_ready
from tests.factories import workspaces as made
from tests.support.cloud_workers import Bench


@pytest.fixture
def bench(settings: Any, tmp_path: Path) -> Iterator[Bench]:
    settings.WORKSPACE_PROVIDER, settings.DELIVERY_DIR, settings.WORKSPACES_DIR = "scaleway", tmp_path, None
    with Bench().configured() as one:
        yield one


@pytest.fixture
def workspace(bench: Bench, tmp_path: Path) -> Workspace:
    """A requested workspace whose extract is delivered."""
    extract_id = uuid4()
    folder = tmp_path / str(extract_id)
    folder.mkdir()
    (folder / "manifest.json").write_text('{"files": []}')
    (folder / "people.csv").write_text("age,sex\n40,1\n50,2\n")
    one = made.workspace()
    with transaction.atomic():
        workspace_data_ready(project_id=one.project_id, extract_id=extract_id, by="system:test")
    return one
