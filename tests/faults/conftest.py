"""A real stack whose processes a test may kill."""

from collections.abc import Iterator

import pytest

from tests.faults.campaign import running
from tests.support.cloud_fixtures import bench, workspace  # noqa: F401  fixtures
from tests.support.portal import Portal


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The whole portal on a data folder of its own, with a researcher and two stewards signed in."""
    with running(tmp_path_factory.mktemp("stack")) as made:
        yield made
