"""The page of the fake: what exists, which faults are in force, what was asked and answered. Plain HTML, no script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from apps.workspaces.fake_scaleway.faults import ANSWERS

JSON = Any
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #161616; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; padding: .3rem .6rem .3rem 0; }
form { display: inline; } fieldset { border: 1px solid #ccc; margin: 1rem 0; } label { margin-right: 1rem; }
input, select, button { font: inherit; padding: .15rem .4rem; } pre { white-space: pre-wrap; word-break: break-all; }
.chip { display: inline-block; border: 1px solid #777; border-radius: 1rem; padding: 0 .6rem; margin: 0 .3rem .3rem 0; }
.bad { color: #b34000; font-weight: 600; }
"""


def page(
    state: dict[str, JSON], faults: Sequence[dict[str, JSON]], requests: Sequence[dict[str, JSON]], names: Sequence[str]
) -> str:
    """The whole page; every value is escaped."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fake Scaleway</title>'
        f"<style>{STYLE}</style></head><body><h1>Fake Scaleway</h1>"
        "<p>An imitation for trials and demonstrations. Nothing here is a real cloud.</p>"
        f"{_clock(state)}{_faults(faults, names)}{_resources(state)}{_requests(requests)}</body></html>"
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _clock(state: dict[str, JSON]) -> str:
    due = state["next_change_in"]
    following = "nothing is under way" if due is None else f"next change in {due} s"
    return (
        f"<h2>Clock</h2><p>{escape(_moment(state['now']))}, {following}.</p>"
        '<form method="post" action="/_fake/api/clock">'
        '<label>Seconds <input name="advance" value="60" size="6"></label>'
        "<button>Let them pass (virtual clock)</button></form> "
        '<form method="post" action="/_fake/api/clock"><input type="hidden" name="advance" value="next">'
        "<button>Up to the next change</button></form>"
    )


def _faults(faults: Sequence[dict[str, JSON]], names: Sequence[str]) -> str:
    rows = "".join(_fault(fault) for fault in faults)
    none = '<tr><td colspan="6">No fault.</td></tr>'
    options = "".join(f"<option>{answer}</option>" for answer in ANSWERS)
    known = "".join(f'<option value="{escape(name)}">' for name in names)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Operation", "Answer", "Times", "After", "Struck", ""))
    return (
        f"<h2>Faults</h2><table><thead><tr>{head}</tr></thead><tbody>{rows or none}</tbody></table>"
        '<form method="post" action="/_fake/api/faults"><fieldset><legend>New fault</legend>'
        f'<label>Operation <input name="operation" list="operations" required placeholder="instance.create_*"></label>'
        f'<datalist id="operations">{known}</datalist><label>Answer <select name="answer">{options}</select></label>'
        '<label>Times (0: always) <input name="times" value="1" size="3"></label>'
        '<label>After so many calls <input name="skip" value="0" size="3"></label><button>Add</button>'
        "</fieldset></form>"
    )


def _fault(fault: dict[str, JSON]) -> str:
    action = f"/_fake/api/faults/{fault['id']}"
    switch = "off" if fault["active"] else "on"
    times = "always" if fault["times"] is None else fault["times"]
    cells = (fault["operation"], fault["answer"], times, fault["skip"], fault["hits"])
    return (
        "<tr>"
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        + f'<td><form method="post" action="{action}"><button name="action" value="{switch}">Switch {switch}</button> '
        '<button name="action" value="remove">Remove</button></form></td></tr>'
    )


def _resources(state: dict[str, JSON]) -> str:
    """One row a project and kind, one chip a state: the picture of what exists."""
    rows = "".join(
        f"<tr><td>{escape(project)}</td><td>{escape(kind)}</td><td>{_chips(words)}</td></tr>"
        for project, kinds in state["projects"].items()
        for kind, words in kinds.items()
    )
    none = '<tr><td colspan="3">Nothing yet.</td></tr>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Project", "Kind", "States"))
    return f"<h2>What exists</h2><table><thead><tr>{head}</tr></thead><tbody>{rows or none}</tbody></table>"


def _chips(words: dict[str, int]) -> str:
    return "".join(f'<span class="chip">{escape(word)} × {count}</span>' for word, count in sorted(words.items()))


def _requests(requests: Sequence[dict[str, JSON]]) -> str:
    rows = "".join(_request(row) for row in requests)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("#", "Request", "Operation", "Status", "Details"))
    return (
        '<h2>Ledger</h2><form method="get" action="/_fake/">'
        '<label>Operation begins with <input name="operation"></label>'
        f"<button>Filter</button></form><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _request(row: dict[str, JSON]) -> str:
    bad = ' class="bad"' if row["status"] >= 400 or row["status"] == 0 else ""
    fault = f" ({escape(row['fault'])})" if row["fault"] else ""
    query = f"?{escape(row['query'])}" if row["query"] else ""
    bodies = f"<pre>{escape(row['request'])}</pre><pre>{escape(row['answer'])}</pre>"
    details = f"<details><summary>show</summary>{bodies}</details>"
    return (
        f"<tr><td>{row['id']}</td><td>{escape(row['method'])} {escape(row['path'])}{query}</td>"
        f"<td>{escape(row['operation'])}</td><td{bad}>{row['status']}{fault}</td><td>{details}</td></tr>"
    )
