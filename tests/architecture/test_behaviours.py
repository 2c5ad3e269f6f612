"""What a dossier is promised to do is on one page, and each promise names a test that is there."""

import re

from tests.architecture.sources import REPOSITORY, problem_of_test

PAGE = (REPOSITORY / "docs/behaviours.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (\d+) \| [^|]+ \| [^|]+ \| `([^`]+)` \|$", PAGE, flags=re.MULTILINE)
THOSE_OF_THE_BEST_PEERS = 25


def test_every_behaviour_has_its_test() -> None:
    assert [problem for _, link in LINES if (problem := problem_of_test(link))] == []


def test_no_line_was_lost_and_no_test_stands_for_two() -> None:
    assert [int(number) for number, _ in LINES] == list(range(1, PAGE.count("\n| ")))
    assert len({link for _, link in LINES}) == len(LINES) > THOSE_OF_THE_BEST_PEERS
