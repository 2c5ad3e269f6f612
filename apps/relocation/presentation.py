"""Runs and figures as the page shows them."""

from typing import Any

from apps.relocation.models import RelocationKind, RelocationRun
from apps.relocation.rules import Kind, Verdict
from apps.relocation.wording import KINDS, VERDICTS, reason_in_words, verdict_words

_SHOWN_LINES = 200


def run_in_words(run: RelocationRun | None) -> dict[str, Any] | None:
    """A run with its counts as a table and its refusals as sentences."""
    if run is None:
        return None
    rows = [(RelocationKind(kind).label, [run.counts[kind].get(one, 0) for one in Verdict]) for kind in Kind]
    lines = [_line(line) for line in run.lines[:_SHOWN_LINES]]
    return {
        "run": run,
        "verdicts": verdict_words(is_dry=run.is_dry).values(),
        "rows": rows,
        "lines": lines,
        "hidden": len(run.lines) - len(lines),
    }


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": KINDS[line["kind"]],
        "old_id": line["old_id"],
        "verdict": VERDICTS[line["verdict"]],
        "why": [reason_in_words(reason["code"], reason["params"]) for reason in line["why"]],
    }


def taken_over_in_words(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures with the names of the kinds."""
    return [{**figure, "label": RelocationKind(figure["kind"]).label} for figure in figures]
