"""Codes of the rules put into sentences."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.dates import in_words
from apps.core.errors import Message
from apps.relocation.rules import Kind, Verdict

REASONS: Mapping[str, Message] = {
    "field_missing": _("The field “%(field)s” is missing."),
    "field_wrong": _("The field “%(field)s” is not as the format asks."),
    "twice": _("Another record of the export has the same value of “%(field)s”."),
    "not_there": _("It refers to “%(id)s” (%(kind)s), which is neither here nor can be taken over."),
    "siren": _("The SIREN does not have the right key."),
    "own_mandate": _("The steward who imports would give themselves a mandate: another steward must do it."),
    "own_project": _("The steward who imports is of this team: another steward must do it."),
    "dates": _("It ends before it begins."),
    "ended": _("The entitlement ended on %(day)s: no data may be had on it any more."),
    "definition": _("The definition of the data cannot be taken over: %(problem)s"),
    "path": _("The path “%(path)s” is not in force here."),
    "not_public": _("Public pages show no text “%(field)s”."),
    "number": _("A dossier of the number %(number)s is here already."),
    "no_entitlement": _("No entitlement of this project can be taken over: see its own line."),
    "meanwhile": _("Somebody made the same thing meanwhile: run the import again."),
}
VERDICTS: Mapping[str, Message] = {
    Verdict.MAKE: _("to be made"),
    Verdict.ADOPT: _("here before: tied to it"),
    Verdict.KNOWN: _("taken over already"),
    Verdict.CHANGED: _("taken over already, different in the export since"),
    Verdict.REFUSE: _("refused"),
}
KINDS: Mapping[str, Message] = {
    Kind.ORGANISATION: _("organisation"),
    Kind.PERSON: _("person"),
    Kind.ENTITLEMENT: _("entitlement"),
    Kind.PROJECT: _("project"),
    Kind.WORKSPACE: _("workspace"),
}


def reason_in_words(code: str, params: Mapping[str, Any]) -> str:
    """Why a record is refused, in the language of the moment."""
    said = {**params, "kind": KINDS.get(str(params.get("kind", "")), "")}
    if "day" in said:
        said["day"] = in_words(date.fromisoformat(said["day"]))
    return str(REASONS[code]) % said


def verdict_words(*, is_dry: bool) -> Mapping[str, Message]:
    """What became of records, or would."""
    return VERDICTS if is_dry else {**VERDICTS, Verdict.MAKE: _("made")}
