"""What auditors may do, and how what they take away is made harmless. Pure."""

from datetime import timedelta

from apps.core.rules import Action, Role

# The same person reading the same object again within this time, in the same session, is one reading.
SAME_READING_WITHIN = timedelta(minutes=5)
# Above this lag a sealer that works at all would have caught up: the seal is late.
LATEST_SEAL = timedelta(seconds=60)
# An export of the pages holds at most so many events; `manage.py audit_export` has no limit.
EXPORT_AT_MOST = 100_000

_AUDITOR = frozenset({Role.AUDITOR})

ACTIONS: tuple[Action, ...] = (
    Action("audit.search", _AUDITOR),
    Action("audit.read_event", _AUDITOR),
    Action("audit.download_proof", _AUDITOR),
    Action("audit.export", _AUDITOR, second_factor=True),
    Action("audit.read_readers", _AUDITOR),
    Action("audit.read_seal", _AUDITOR),
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet_cell(text: str) -> str:
    """The text as a spreadsheet shows it without computing anything (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def seal_is_late(lag: timedelta | None) -> bool:
    """Whether the oldest event that waits for its seal has waited too long; None when none waits."""
    return lag is not None and lag > LATEST_SEAL
