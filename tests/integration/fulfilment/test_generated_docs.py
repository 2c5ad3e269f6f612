"""The printed pages say what the rules say."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


def test_the_committed_pages_are_current() -> None:
    call_command("generate_docs", check=True)


def test_a_stale_page_is_noticed_and_printed_anew(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    with pytest.raises(CommandError, match=r"permissions\.md, workflow\.md"):
        call_command("generate_docs", check=True)
    call_command("generate_docs")
    assert "docs/workflow.md written" in capsys.readouterr().out
    call_command("generate_docs", check=True)
    permissions = (tmp_path / "docs" / "permissions.md").read_text()
    (approval,) = [line for line in permissions.splitlines() if line.startswith("| `application.approve` |")]
    assert [word for word in ("steward", "submitted", "POST", "yes") if word not in approval] == []
    assert "submitted --> approved: application.approve" in (tmp_path / "docs" / "workflow.md").read_text()
