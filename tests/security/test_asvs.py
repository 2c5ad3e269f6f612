"""Every requirement of OWASP ASVS 5.0 has its place in docs/security/asvs.json, and what it names is there."""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import REPOSITORY, problem_of_test

MAP = json.loads((REPOSITORY / "docs/security/asvs.json").read_text(encoding="utf-8"))["requirements"]
REFERENCE = REPOSITORY.parent / "shared/reference/security/asvs5_all.json"
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
SHOWN = {"test", "check"}
REASONED = {"organisational", "na", "open"}
SHORTEST_REASON = 15
LEAST_OF_LEVEL_3 = 0.85


@cache
def sections_of(path: str) -> dict[str, str]:
    """The text under each heading of a page, by the anchor of the heading."""
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-"): body for head, body in zip(*[iter(parts)] * 2, strict=True)
    }


def problem_of_check(link: str) -> str:
    tool, _, rule = link.partition(":")
    if tool == "ruff":
        lint = PYPROJECT["tool"]["ruff"]["lint"]
        held = any(rule.startswith(chosen) for chosen in lint["select"])
        return "" if held and rule not in lint["ignore"] else f"not switched on: {link}"
    if tool == "mypy":
        return "" if PYPROJECT["tool"]["mypy"].get(rule) is True else f"not switched on: {link}"
    path, _, anchor = link.partition("#")
    if not (REPOSITORY / path).is_file():
        return f"no such page: {link}"
    words = len(sections_of(path).get(anchor, "").split())
    return "" if words >= 20 else f"no such section, or an empty one: {link}"


def problems(identifier: str, entry: dict[str, Any]) -> Iterator[str]:
    kind, links, reason = entry["kind"], entry.get("links", []), entry.get("reason", "")
    if kind not in SHOWN | REASONED:
        yield f"{identifier}: unknown kind {kind}"
    if kind in SHOWN and not links:
        yield f"{identifier}: nothing is named"
    if kind in REASONED and len(reason) < SHORTEST_REASON:
        yield f"{identifier}: no reason is given"
    judge = problem_of_test if kind == "test" else problem_of_check
    yield from (f"{identifier}: {found}" for link in links if (found := judge(link)))


def test_whatever_is_named_is_there() -> None:
    assert [problem for identifier, entry in MAP.items() for problem in problems(identifier, entry)] == []


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "test", "links": ["tests/security/test_asvs.py::test_that_nobody_wrote"]},
        {"kind": "test", "links": []},
        {"kind": "check", "links": ["ruff:X999"]},
        {"kind": "check", "links": ["mypy:be_kind"]},
        {"kind": "check", "links": ["docs/security/data.md#nothing"]},
        {"kind": "check", "links": ["docs/nowhere.md#levels"]},
        {"kind": "na", "reason": ""},
        {"kind": "hoped", "reason": "It will surely be all right."},
    ],
)
def test_an_empty_claim_is_noticed(entry: dict[str, Any]) -> None:
    assert list(problems("0.0.0", entry))


def test_levels_one_and_two_are_whole() -> None:
    assert [identifier for identifier, entry in MAP.items() if entry["level"] < 3 and entry["kind"] == "open"] == []


def test_level_three_is_held_for_the_most_part() -> None:
    third = [entry for entry in MAP.values() if entry["level"] == 3 and entry["kind"] != "na"]
    held = [entry for entry in third if entry["kind"] != "open"]
    assert len(held) >= LEAST_OF_LEVEL_3 * len(third)


@pytest.mark.reference
@pytest.mark.skipif(not REFERENCE.is_file(), reason="the list of requirements does not stand beside the project")
def test_no_requirement_is_left_out() -> None:
    given = json.loads(Path(REFERENCE).read_text(encoding="utf-8"))
    assert {row[0]: row[1] for row in given["rows"]} == {name: entry["level"] for name, entry in MAP.items()}
