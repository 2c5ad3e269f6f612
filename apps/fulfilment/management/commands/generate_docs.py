"""`manage.py generate_docs [--check]`: print the permission table, the workflows and the manual of definitions."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.applications import rules as application_rules
from apps.core.actions import permission_table
from apps.extracts import rules as extract_rules
from apps.extracts.engine.manual import manual_page
from apps.workspaces import rules as workspace_rules

NOTE = "<!-- Printed by `manage.py generate_docs`; edit the rules, not this page. -->\n"
Arrow = tuple[str, str, str]  # from, by which command, to


class Command(BaseCommand):
    help = "Write the pages of docs/ that are made from the rules and the engine; with --check, fail when not current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        pages = {
            "permissions.md": permissions_page(),
            "workflow.md": workflow_page(),
            "definition-manual.md": manual_page(),
        }
        folder = Path(settings.BASE_DIR) / "docs"
        stale = [name for name, text in pages.items() if not is_current(folder / name, text)]
        if check and stale:
            raise CommandError(f"not current: {', '.join(stale)}; run `manage.py generate_docs`")
        for name in stale:
            (folder / name).write_text(pages[name])
            self.stdout.write(f"docs/{name} written")


def is_current(path: Path, text: str) -> bool:
    """Whether the page stands as it would be printed now."""
    return path.exists() and path.read_text() == text


def permissions_page() -> str:
    """The permission table in Markdown, one line an action."""
    lines = [
        "# Who may do what",
        NOTE,
        "`person` is anybody signed in with both factors. A foreign object and a missing one give the same 404.",
        "",
        "Readers see the page of a command that only the roles perform. Independent: not by somebody who takes part in",
        "the object, or who acts for an organisation that does.",
        "",
        "| Action | Roles | Readers | States | Methods | Fresh second factor | Independent |",
        "|---|---|---|---|---|---|---|",
    ]
    for action in sorted(permission_table().values(), key=lambda one: one.name):
        cells = (
            f"`{action.name}`",
            _listed(role.value for role in action.roles),
            _listed(role.value for role in action.readers - action.roles),
            _listed(action.states) or "any",
            _listed(action.methods),
            "yes" if action.second_factor else "",
            "yes" if action.independent else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def workflow_page() -> str:
    """The state diagrams of dossier, extract and workspace, each as a picture and as a table."""
    parts = ["# How things move", NOTE]
    for title, arrows in (
        ("Dossier", list(_application_arrows())),
        ("Extract request", list(_extract_arrows())),
        ("Workspace", list(_workspace_arrows())),
    ):
        parts += [f"## {title}\n", _diagram(arrows), _table(arrows)]
    turns = "\n".join(f"| {status} | {turn} |" for status, turn in application_rules.WHOSE_TURN.items())
    return "\n".join([*parts, f"## Whose turn it is\n\n| Dossier | Turn |\n|---|---|\n{turns}\n"])


def _application_arrows() -> Iterator[Arrow]:
    for transition in application_rules.TRANSITIONS:
        for source in sorted(transition.sources):
            for target in sorted(transition.targets):
                yield source, transition.action, target


def _extract_arrows() -> Iterator[Arrow]:
    for source, targets in extract_rules.TRANSITIONS.items():
        for target in sorted(targets):
            yield source, "worker", target


def _workspace_arrows() -> Iterator[Arrow]:
    rules = workspace_rules
    for source, targets in rules.TRANSITIONS.items():
        for target in sorted(targets):
            kinds = [kind for kind in rules.Kind if target in (rules.DURING[kind], rules.AFTER[kind])]
            yield source, ", ".join(kinds) or "worker", target


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _diagram(arrows: list[Arrow]) -> str:
    lines = "\n".join(f"    {source} --> {target}: {command}" for source, command, target in arrows)
    return f"```mermaid\nstateDiagram-v2\n{lines}\n```\n"


def _table(arrows: list[Arrow]) -> str:
    lines = "\n".join(f"| {source} | {command} | {target} |" for source, command, target in arrows)
    return f"| From | By | To |\n|---|---|---|\n{lines}\n"
