"""What the sources never hold: places where somebody's text would become code."""

import ast
import re
import time
from pathlib import Path

import pytest

from tests.architecture.sources import REPOSITORY, shown

PYTHON = sorted(path for folder in ("apps", "hdh_portal") for path in (REPOSITORY / folder).rglob("*.py"))
SCRIPTS = sorted((REPOSITORY / "static").rglob("*.js"))
TEMPLATES = sorted((REPOSITORY / "templates").rglob("*.html"))

IN_SCRIPTS = {
    "text made into elements or code": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
    "a store in the browser": r"localStorage|sessionStorage|indexedDB|document\.cookie",
    "messages between windows": r"postMessage|addEventListener\(.message",
    "another origin": r"https?://(?!www\.w3\.org)",
    "objects merged by names that came from outside": r"__proto__|Object\.assign\(\{\}|\[\w+\]\s*=\s*\w+\[",
    "a name in everybody's space": r"^\s*window\.\w+\s*=|^var ",
}
# What is typed and not yet saved, in the person's own tab until it is (docs/security/data.md).
ALLOWED_SCRIPTS = {"a store in the browser": {"static/applications/keep.js"}}
IN_TEMPLATES = {
    "text shown as elements": r"\|\s*safe\b|autoescape\s+off|safeseq",
    "a variable as the protocol of a link": r"href=[\"']\{\{[^}]*url[^}]*\}\}:",
    "a password that shows": r"type=[\"']text[\"'][^>]*name=[\"']password",
}
# The imitated cloud reads back the ledger that it alone wrote.
OWN_LEDGER = REPOSITORY / "apps/workspaces/fake_scaleway/persistence.py"
# The QR code that the portal draws itself, from digits of its own.
OWN_DRAWING = REPOSITORY / "apps/accounts/factors.py"
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "yaml", "telnetlib", "ftplib"}


def holding(paths: list[Path], pattern: str) -> list[str]:
    return [shown(path) for path in paths if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)]


def test_there_are_sources_to_read() -> None:
    assert min(len(PYTHON), len(TEMPLATES)) > 20
    assert SCRIPTS


@pytest.mark.parametrize("what", IN_SCRIPTS)
def test_no_script_of_ours_holds(what: str) -> None:
    assert set(holding(SCRIPTS, IN_SCRIPTS[what])) <= ALLOWED_SCRIPTS.get(what, set())


@pytest.mark.parametrize("what", IN_TEMPLATES)
def test_no_template_holds(what: str) -> None:
    assert holding(TEMPLATES, IN_TEMPLATES[what]) == []


def test_no_text_becomes_code() -> None:
    found = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                found.append(f"{shown(path)}:{node.lineno}")
            if isinstance(node, ast.Call) and any(
                keyword.arg == "shell" and getattr(keyword.value, "value", False) for keyword in node.keywords
            ):
                found.append(f"{shown(path)}:{node.lineno}")
    assert found == []


def test_nothing_is_read_by_a_format_that_makes_objects() -> None:
    found = []
    for path in PYTHON:
        if path == OWN_LEDGER:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{shown(path)}: {name}" for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
    assert found == []


def test_templates_come_from_the_repository_alone() -> None:
    made = r"\bTemplate\(|from_string\(|format_html\(f|mark_safe\("
    assert holding(PYTHON, made) == [shown(OWN_DRAWING)]


def literal_patterns() -> list[tuple[str, str]]:
    found = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            first, of_module = node.args[0], ast.unparse(node.func.value) == "re"
            if of_module and isinstance(first, ast.Constant):
                found += [(shown(path), first.value)] if isinstance(first.value, str) else []
    return found


def test_no_expression_takes_long_over_a_hostile_text() -> None:
    begun = time.process_time()
    patterns = literal_patterns()
    assert patterns
    for _, pattern in patterns:
        for piece in {*(char for char in pattern if char.isalnum() or char in " -_./:"), "aA", "0a"}:
            re.search(pattern, piece * 2_000 + "\x00")
    assert time.process_time() - begun < 5
