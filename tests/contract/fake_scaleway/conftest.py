"""One fake for each test."""

from collections.abc import Iterator

import pytest

from tests.support.fake_cloud import FakeCloud, fake_cloud


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        yield running
