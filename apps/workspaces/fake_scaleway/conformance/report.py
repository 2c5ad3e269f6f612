"""The share of recorded steps that the fake conforms to, per product, with what differs."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.workspaces.fake_scaleway.conformance.replay import StepResult, replay
from apps.workspaces.fake_scaleway.conformance.scenario import read_scenarios

JSON = Any
BAR = 0.95
MOST_LISTED = 40


@dataclass
class ProductReport:
    """`conditioned` steps (answers that depend on other clients' traffic) are counted apart, and in neither number."""

    scenarios: int = 0
    steps: int = 0
    conforming: int = 0
    conditioned: int = 0
    differing: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str, str, str], str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.conforming / self.steps if self.steps else 1.0

    def add(self, source: str, result: StepResult) -> None:
        if result.conditioned:
            self.conditioned += 1
            return
        self.steps += 1
        if not result.differences:
            self.conforming += 1
        for item in set(result.differences):
            key = (result.operation, item.kind, item.where, item.recorded, item.answered)
            self.differing[key] += 1
            self.examples.setdefault(key, source)

    def described(self) -> dict[str, JSON]:
        names = ("operation", "kind", "where", "recorded", "answered")
        listed = [
            {**dict(zip(names, key, strict=True)), "steps": count, "example": self.examples[key]}
            for key, count in self.differing.most_common(MOST_LISTED)
        ]
        return {
            "scenarios": self.scenarios,
            "steps": self.steps,
            "conforming": self.conforming,
            "share": round(self.share, 4),
            "conditioned": self.conditioned,
            "differences": listed,
            "differences_not_listed": max(0, len(self.differing) - MOST_LISTED),
        }


def check_folder(folder: Path) -> dict[str, ProductReport]:
    """Replay every scenario of every *.jsonl of a folder; FileNotFoundError when there is none."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise FileNotFoundError(f"no *.jsonl in {folder}")
    return {path.stem: asyncio.run(_check_file(path)) for path in files}


async def _check_file(path: Path) -> ProductReport:
    report = ProductReport()
    for scenario in read_scenarios(path):
        report.scenarios += 1
        for result in await replay(scenario):
            report.add(scenario.source, result)
    return report


def summary(reports: dict[str, ProductReport]) -> dict[str, JSON]:
    """The JSON that the command prints; `holds` says whether every product reaches the bar."""
    return {
        "bar": BAR,
        "holds": all(report.share >= BAR for report in reports.values()),
        "products": {name: report.described() for name, report in reports.items()},
    }
