"""The question-and-answer fixture of the specification: every test runs on every engine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from apps.extracts.engine.catalogue import Kind
from tests.spec.page import WRITING, Question, noted, write
from tests.spec.tables import ANSWERS, KEY, Answers, definition_of, read_tables

Ask = Callable[..., set[str]]


@pytest.fixture(params=ANSWERS)
def answers(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Answers]:
    """An engine loaded with tables."""
    return lambda text: ANSWERS[request.param](read_tables(text), tmp_path)


@pytest.fixture
def ask(answers: Callable[[str], Answers], request: pytest.FixtureRequest) -> Ask:
    """Ask who satisfies a population; the answer is the set of BEN_NIR_ANO among ``people``."""

    def asked(text: str, population: Mapping[str, Any], people: str = "A B C D E", **more: Any) -> set[str]:
        found = answers(text).persons(definition_of(population, **more))
        names = {KEY.pseudonym(Kind.PERSON, f"A{name}"): name for name in people.split()}
        assert found <= set(names), "somebody unknown is in the cohort"
        answer = {names[person] for person in found}
        if request.node.callspec.params["answers"] == "reference" and "case" not in request.fixturenames:
            chapter = (request.module.__doc__ or "").splitlines()[0].rstrip(".")
            title = request.function.__name__.removeprefix("test_").replace("_", " ").capitalize()
            noted(Question(chapter, title, text, population, more, tuple(sorted(answer))))
        return answer

    return asked


def pytest_sessionfinish() -> None:
    """Write the page, when that is what the tests are run for."""
    if WRITING:
        write()
