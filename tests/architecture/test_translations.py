"""The interface is complete in French."""

import shutil

import pytest

from hdh_portal.devstack.translations import translation_problems


def test_every_message_of_the_sources_is_translated_and_none_is_stale() -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is not installed")
    assert translation_problems() == []
