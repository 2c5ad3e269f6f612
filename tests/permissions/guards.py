"""Every guard of the portal, found in its sources, with the source as it would be without that guard."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Calls that stand alone in a service or a view because of what they refuse.
GUARD_CALLS = frozenset(
    {
        "refuse_unless_allowed",
        "refuse_who_takes_part",
        "second_factor_verify",
        "_check_before_the_code",
        "_decide",
        "_confirm",
        "step_up_confirm",
        "step_up_spend",
    }
)
# Queries by which a person sees some rows only.
RESTRICTING = re.compile(
    r"_visible_to$|_examined$|_apply_for$|^attachments_of$|^projects_of$|^member_roles$|^application_roles$"
    r"|^granted_ids$|^conflicts_of$|_managed_by$|^member_remove$|^attachment_remove$"
)
# Conditions of a query that say whose rows they are; the others say which.
WHOSE = frozenset(
    {
        "application",
        "person",
        "person_id",
        "project",
        "project__in",
        "pk__in",
        "user",
        "round__gte",
        "memberships__person",
        "organisation__in",
        "permission__codename",
    }
)
GUARDING_FUNCTIONS = frozenset({"process_view", "may_enter", "portal_roles", "needs_only_sign_in"})
MIDDLEWARE = (
    "CsrfViewMiddleware",
    "OTPMiddleware",
    "declared_methods_only",
    "session_limits",
    "kind_errors",
    "deny_by_default",
    "acts_need_step_up",
)


@dataclass(frozen=True)
class Mutant:
    """One file without one of its guards. `function` and `line` say where the guard stands."""

    file: str
    function: str
    line: int
    guard: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: without {self.guard}"


def mutants(root: Path) -> Iterator[Mutant]:
    """A mutant for every guard below `root`."""
    for file in sorted((root / "apps").rglob("*.py")):
        if not {"migrations", "management", "providers"} & set(file.parts):
            yield from _of_file(file, str(file.relative_to(root)))
    settings = root / "hdh_portal/settings/base.py"
    yield from _middleware(settings, str(settings.relative_to(root)))


def _of_file(file: Path, name: str) -> Iterator[Mutant]:
    text = file.read_text()
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for finder in (_declarations, _guard_calls, _restrictions, _decisions):
                for target, guard, replacement in finder(node, name):
                    source = _without(text, target, replacement)
                    yield Mutant(name, node.name, target.lineno, guard, source)
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "GUARDS":
            yield from _guard_tables(text, node, name)


Found = Iterator[tuple[ast.expr | ast.stmt, str, str]]
Finder = Callable[[ast.FunctionDef, str], Found]


def _declarations(function: ast.FunctionDef, name: str) -> Found:
    """`@declares(…)` above a view."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and _called(decorator) == "declares":
            yield decorator, ast.unparse(decorator), "(lambda view: view)"


def _guard_calls(function: ast.FunctionDef, name: str) -> Found:
    """A call that stands alone and refuses by raising."""
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _called(node.value) in GUARD_CALLS:
            yield node, ast.unparse(node)[:60], "pass"


def _restrictions(function: ast.FunctionDef, name: str) -> Found:
    """A condition that keeps other people's rows out of a query."""
    if not RESTRICTING.search(function.name):
        return
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _called(node) == "filter":
            for keyword in node.keywords:
                if keyword.arg in WHOSE:
                    kept = [word for word in node.keywords if word is not keyword]
                    bare = ast.Call(node.func, node.args, kept)
                    yield node, f"{keyword.arg}={ast.unparse(keyword.value)[:40]}", ast.unparse(bare)


def _decisions(function: ast.FunctionDef, name: str) -> Found:
    """An `if` that refuses: in the functions every request goes through, and wherever a decision is turned into one."""
    for node in ast.walk(function):
        if not isinstance(node, ast.If) or node.orelse:
            continue
        raises = ast.unparse(node.body[-1]) if isinstance(node.body[-1], ast.Raise) else ""
        refuses = raises.startswith(("raise refusal(", "raise RefusedError((_('You hold"))
        conflicts = function.name == "conflicts_of" or "step_up_is_fresh" in ast.unparse(node.test)
        if function.name in GUARDING_FUNCTIONS or refuses or conflicts:
            yield node, f"if {ast.unparse(node.test)[:60]}", "pass"


def _guard_tables(text: str, table: ast.AnnAssign, name: str) -> Iterator[Mutant]:
    """The lines of a table of guards that speak of the person."""
    if not isinstance(table.value, ast.Dict):
        return
    for key, value in zip(table.value.keys, table.value.values, strict=True):
        if not isinstance(value, ast.Tuple) or key is None:
            continue
        for element in value.elts:
            if isinstance(element, ast.Name) and "independent" in element.id:
                kept = "".join(f"{ast.unparse(other)}, " for other in value.elts if other is not element)
                guard = f"the guard {element.id} of {ast.unparse(key)}"
                yield Mutant(name, "decide", element.lineno, guard, _without(text, value, f"({kept})"))


def _middleware(file: Path, name: str) -> Iterator[Mutant]:
    text = file.read_text()
    for line, content in enumerate(text.splitlines(), 1):
        found = next((guard for guard in MIDDLEWARE if content.strip().rstrip('",').endswith(guard)), None)
        if found:
            yield Mutant(name, "", line, f"the middleware {found}", text.replace(content + "\n", "", 1))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _without(text: str, node: ast.expr | ast.stmt, replacement: str) -> str:
    """The text with the node replaced: what surrounds it stays as it is, line numbers after it may move."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    data = text.encode()
    assert node.end_lineno is not None and node.end_col_offset is not None
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    return (data[:begin] + replacement.encode() + data[end:]).decode()
