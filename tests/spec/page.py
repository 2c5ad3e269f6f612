"""docs/specification.md: every question of the specification and its answer, written down by the tests that ask it.

``make specification`` writes the page. In any other run, each test looks whether its question stands there with the
answer that it was just given: a page that lags behind fails.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from apps.extracts.engine.criteria import read_criterion, sentence
from apps.extracts.engine.reading import Reader

PAGE = Path(__file__).parents[2] / "docs" / "specification.md"
WRITING = os.environ.get("HDH_WRITE_SPECIFICATION") == "1"
HEAD = """# The specification of the definition language
<!-- Written by `make specification` from tests/spec; edit the tests, not this page. -->

Small tables, a question, the answer. Each is asked of every engine: the plain-Python oracle, DuckDB, and Apache Spark
(`make test-spark`). People are named by their BEN_NIR_ANO; `-` is an absent value; columns that are not shown hold
usual values. Shorter, and to be read first: [the language by example](definition-manual.md).
"""


@dataclass(frozen=True)
class Question:
    """What one test asked: about these tables, with these other parts of a definition; and who was found."""

    chapter: str
    title: str
    tables: str
    population: Mapping[str, Any] = field(hash=False)
    more: Mapping[str, Any] = field(hash=False)
    answer: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The question and its answer."""
        criterion = read_criterion(self.population, "$.population", Reader())
        said = [f"> {sentence(criterion, 'en')}", ""] if criterion is not None else []
        with_ = [f"With {json.dumps(self.more)}:", ""] if self.more else []
        answer = ", ".join(self.answer) or "nobody"
        return "\n".join(["```json", json.dumps(self.population), "```", *said, *with_, f"Answer: **{answer}**", ""])

    @property
    def shown_tables(self) -> str:
        """The tables as they are written."""
        return f"```\n{self.tables.strip()}\n```\n"


_asked: list[Question] = []


def noted(question: Question) -> None:
    """Keep a question for the page that is being written, or see that the page holds it."""
    if WRITING:
        _asked.append(question)
        return
    page = PAGE.read_text()
    missing = [part for part in (question.title, question.shown_tables, question.shown) if part not in page]
    assert not missing, f"docs/specification.md does not say this; run `make specification`:\n{missing[0]}"


def write() -> None:
    """Write the page from all that was asked, in the order of the tests."""
    PAGE.write_text("\n".join(_page()))


def _page() -> Iterator[str]:
    yield HEAD
    seen = ""
    for chapter, inside in groupby(_asked, lambda question: question.chapter):
        yield f"## {chapter}\n"
        for title, questions in groupby(inside, lambda question: question.title):
            yield f"### {title}\n"
            for _, about in groupby(questions, lambda question: question.tables):
                several = list(about)
                yield several[0].shown_tables if several[0].tables != seen else "Of the same tables:\n"
                seen = several[0].tables
                yield from (question.shown for question in several)
