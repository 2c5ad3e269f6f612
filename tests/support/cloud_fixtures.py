"""What tests of workspaces in the imitated cloud begin with."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from apps.extracts.engine.source import sha256_of
from apps.workspaces.models import Workspace
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_data_ready
from tests.factories import workspaces as made
from tests.support.cloud_workers import Bench


@pytest.fixture
def bench(settings: Any, tmp_path: Path) -> Iterator[Bench]:
    settings.WORKSPACE_PROVIDER, settings.DELIVERY_DIR, settings.WORKSPACES_DIR = "scaleway", tmp_path, None
    with Bench().configured() as one:
        yield one


EXTRACT = {"people.csv": "age,sex\n40,1\n50,2\n", "acts.csv": "code\nA\n"}


def delivery(folder: Path, files: Mapping[str, str]) -> UUID:
    """An extract of these files with their manifest, as it is delivered into `folder`; its identifier."""
    extract_id = uuid4()
    root = folder / str(extract_id)
    root.mkdir()
    for name, content in files.items():
        (root / name).write_text(content)
    listed = [
        {"path": name, "bytes": len(content), "sha256": sha256_of(root / name)} for name, content in files.items()
    ]
    (root / "manifest.json").write_text(json.dumps({"files": listed}))
    return extract_id


@pytest.fixture
def workspace(bench: Bench, tmp_path: Path) -> Workspace:
    """A requested workspace whose extract is delivered."""
    one = made.workspace()
    with transaction.atomic():
        workspace_data_ready(project_id=one.project_id, extract_id=delivery(tmp_path, EXTRACT), by="system:test")
    return one


@pytest.fixture
def running(bench: Bench, workspace: Workspace) -> Workspace:
    """The same, once it runs."""
    one = bench.finish(workspace)
    assert one.status == Status.RUNNING, one.reason
    return one
