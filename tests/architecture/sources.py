"""The sources that the house rules speak of."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
APPS = sorted(folder.parent for folder in REPOSITORY.glob("apps/*/__init__.py"))
# Folders whose files are ours, whatever else lies beside them in a working copy.
OURS = ("apps", "hdh_portal", "tests", "docker")


def python_files(*folders: str) -> list[Path]:
    """Every Python file of these folders that is not a migration."""
    found = (file for folder in folders or OURS for file in (REPOSITORY / folder).rglob("*.py"))
    return sorted(file for file in found if "migrations" not in file.parts)


def rule_files() -> list[Path]:
    """The `rules.py` of every app that has one."""
    return [app / "rules.py" for app in APPS if (app / "rules.py").exists()]


def engine_files() -> list[Path]:
    """The extract engine."""
    return python_files("apps/extracts/engine")


def imports(file: Path) -> Iterator[str]:
    """The full names of the modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield _absolute(file, node)


def _absolute(file: Path, node: ast.ImportFrom) -> str:
    package = file.relative_to(REPOSITORY).parent.parts
    base = package[: len(package) - node.level + 1] if node.level else ()
    return ".".join([*base, *([node.module] if node.module else [])])


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """The name and number of lines of every function of a file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def shown(file: Path) -> str:
    """A file's name as a person would type it."""
    return str(file.relative_to(REPOSITORY))


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions of a file of the repository; none where there is no such file."""
    file = REPOSITORY / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def problem_of_test(link: str) -> str:
    """What is wrong with `path::test`; blank when that test is there."""
    path, _, name = link.partition("::")
    return "" if name.startswith("test_") and name in names_in(path) else f"no such test: {link}"
