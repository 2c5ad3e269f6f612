"""The imitated cloud that data moves to."""

from tests.support.cloud_fixtures import bench, workspace  # noqa: F401  fixtures
