"""What operators read of the parts of a workspace."""

import pytest
from django.utils import translation

from apps.workspaces.templatetags.workspaces import workspace_part


@pytest.mark.parametrize(
    ("name", "words"),
    [("vpc", "Network of its own"), ("isolation", "Isolation tested from the inside"), ("of_tomorrow", "of_tomorrow")],
)
def test_a_part_is_named_in_words_where_it_has_some(name: str, words: str) -> None:
    with translation.override("en"):
        assert workspace_part(name) == words
