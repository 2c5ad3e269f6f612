"""How each criterion of a population is asked for: fields as data, from text to the engine's JSON and back. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.applications.form_spec import NO_TEXT, Choice, Text
from apps.extracts.engine.codes import NOTATIONS, System
from apps.extracts.engine.geography import REGIONS

Leaf = dict[str, Any]


class Asked(StrEnum):
    """How a field of a criterion is asked for."""

    CODES = "codes"
    NUMBERS = "numbers"
    NUMBER = "number"
    COUNT = "count"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True)
class LeafField:
    """One field. `keys` is where its value stands in the criterion's JSON; empty when it is the whole of it.

    A field that `may_be_left_out` is absent from the JSON when nothing is typed.
    """

    name: str
    asked: Asked
    label: Text
    keys: tuple[str, ...]
    help: Text = NO_TEXT
    system: System | None = None
    choices: tuple[Choice, ...] = ()
    may_be_left_out: bool = False


@dataclass(frozen=True)
class LeafForm:
    """A kind of criterion."""

    title: Text
    fields: tuple[LeafField, ...]


def _codes(name: str, system: System, label: Text, may_be_left_out: bool = False) -> LeafField:
    example = NOTATIONS[system].example
    hint = Text(f"Un ou plusieurs codes. Exemples\u00a0: {example}.", f"One or more codes. Examples: {example}.")
    return LeafField(name, Asked.CODES, label, (name,), hint, system=system, may_be_left_out=may_be_left_out)


def _number(name: str, label: Text, key: str = "") -> LeafField:
    return LeafField(name, Asked.NUMBER, label, (key or name,), may_be_left_out=True)


PERIOD = (
    LeafField("from", Asked.DATE, Text("Du", "From"), ("period", "from")),
    LeafField("to", Asked.DATE, Text("Au", "To"), ("period", "to")),
)
INDEX = LeafField(
    "index",
    Asked.CHOICE,
    Text("Ce critère donne-t-il la date index\u202f?", "Does this criterion give the index date?"),
    ("index",),
    Text(
        "Le jour à partir duquel on compte pour chaque personne\u202f; un seul critère le donne.",
        "The day from which one counts for each person; a single criterion gives it.",
    ),
    choices=(
        Choice("first", Text("Oui, le premier de ces jours", "Yes, the first of these days")),
        Choice("last", Text("Oui, le dernier de ces jours", "Yes, the last of these days")),
    ),
    may_be_left_out=True,
)
_FROM_INDEX = Text(
    "En jours depuis la date index, négatif avant elle. Laissez vide pour toute la période.",
    "In days from the index date, negative before it. Leave empty for the whole period.",
)
TIMING = (
    INDEX,
    LeafField(
        "window_from",
        Asked.NUMBER,
        Text(
            "Fenêtre autour de la date index, premier jour (facultatif)",
            "Window around the index date, first day (optional)",
        ),
        ("within", "from"),
        _FROM_INDEX,
        may_be_left_out=True,
    ),
    LeafField(
        "window_to",
        Asked.NUMBER,
        Text(
            "Fenêtre autour de la date index, dernier jour (facultatif)",
            "Window around the index date, last day (optional)",
        ),
        ("within", "to"),
        _FROM_INDEX,
        may_be_left_out=True,
    ),
)
AT_LEAST = _number("at_least", Text("À au moins combien de dates différentes\u202f?", "On at least how many dates?"))
POSITIONS = (
    Choice("principal", Text("Principal", "Principal")),
    Choice("related", Text("Relié", "Related")),
    Choice("associated", Text("Associé", "Associated")),
)
PLACES = (
    Choice("stay", Text("Au cours d’un séjour hospitalier", "During a hospital stay")),
    Choice("community", Text("En ville", "In community care")),
)
SEXES = (Choice("female", Text("Féminin", "Female")), Choice("male", Text("Masculin", "Male")))
_REGION_CHOICES = tuple(Choice(code, Text(region.name_fr, region.name_en)) for code, region in REGIONS.items())

LEAF_FORMS: Mapping[str, LeafForm] = {
    "stay": LeafForm(
        Text("Séjour hospitalier avec un diagnostic", "Hospital stay with a diagnosis"),
        (
            _codes("diagnosis", System.ICD10, Text("Diagnostics (CIM-10)", "Diagnoses (ICD-10)")),
            LeafField(
                "positions", Asked.CHOICES, Text("Place du diagnostic", "Position"), ("positions",), choices=POSITIONS
            ),
            AT_LEAST,
            *PERIOD,
            *TIMING,
        ),
    ),
    "long_term_condition": LeafForm(
        Text("Affection de longue durée", "Long-term condition"),
        (
            _codes("diagnosis", System.ICD10, Text("Motifs médicaux (CIM-10)", "Medical reasons (ICD-10)"), True),
            LeafField(
                "numbers",
                Asked.NUMBERS,
                Text("Numéros d’ALD", "Numbers of the condition"),
                ("numbers",),
                Text("Numéros de la liste, par exemple 8.", "Numbers of the French list, for example 8."),
                may_be_left_out=True,
            ),
            *PERIOD,
            *TIMING,
        ),
    ),
    "drug": LeafForm(
        Text("Médicament délivré", "Drug dispensed"),
        (
            _codes("atc", System.ATC, Text("Classes ATC", "ATC classes"), True),
            _codes("cip13", System.CIP13, Text("Présentations (CIP13)", "Products (CIP13)"), True),
            AT_LEAST,
            *PERIOD,
            *TIMING,
        ),
    ),
    "act": LeafForm(
        Text("Acte médical", "Medical act"),
        (
            _codes("ccam", System.CCAM, Text("Actes (CCAM)", "Acts (CCAM)")),
            LeafField("places", Asked.CHOICES, Text("Lieu de l’acte", "Place"), ("places",), choices=PLACES),
            AT_LEAST,
            *PERIOD,
            *TIMING,
        ),
    ),
    "biology": LeafForm(
        Text("Analyse de biologie", "Analysis of biology"),
        (_codes("nabm", System.NABM, Text("Actes de biologie (NABM)", "Analyses (NABM)")), AT_LEAST, *PERIOD, *TIMING),
    ),
    "age": LeafForm(
        Text("Âge", "Age"),
        (
            _number("min", Text("Âge minimal (années révolues)", "Minimum age (completed years)")),
            _number("max", Text("Âge maximal (années révolues)", "Maximum age (completed years)")),
            LeafField("on", Asked.DATE, Text("À la date du", "On"), ("on",)),
        ),
    ),
    "sex": LeafForm(Text("Sexe", "Sex"), (LeafField("value", Asked.CHOICE, Text("Sexe", "Sex"), (), choices=SEXES),)),
    "region": LeafForm(
        Text("Région de résidence", "Region of residence"),
        (LeafField("codes", Asked.CHOICES, Text("Régions", "Regions"), (), choices=_REGION_CHOICES),),
    ),
}

GROUP_FIELDS: Mapping[str, tuple[LeafField, ...]] = {
    "at_least": (
        LeafField(
            "count",
            Asked.COUNT,
            Text("Combien de ces critères au moins (N)\u202f?", "How many of these criteria at least (N)?"),
            ("count",),
        ),
    ),
}
"""What groups ask for besides the criteria under them."""


def fields_of(tag: str) -> tuple[LeafField, ...]:
    """The fields of a criterion or of a group."""
    return LEAF_FORMS[tag].fields if tag in LEAF_FORMS else GROUP_FIELDS.get(tag, ())


def from_text(tag: str, typed: Mapping[str, list[str]]) -> Leaf:
    """A criterion from what was typed in its fields; what cannot be read stays as typed."""
    whole: dict[str, Any] = {}
    for field in fields_of(tag):
        value = _READERS[field.asked](typed.get(field.name, []))
        if not field.keys:
            return {tag: value}
        if value not in ("", []) or not field.may_be_left_out:
            _put(whole, field.keys, value)
    return {tag: whole}


def _put(whole: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        whole = whole.setdefault(key, {})
    whole[keys[-1]] = value


def to_text(field: LeafField, leaf: Leaf) -> str | list[str]:
    """What the field shows for a criterion: a list of choices, or a text."""
    value = next(iter(leaf.values()))
    for key in field.keys:
        value = value.get(key, "") if isinstance(value, Mapping) else ""
    if field.asked is Asked.CHOICES:
        return [str(item) for item in value] if isinstance(value, list) else []
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def as_typed(shown: str | list[str]) -> list[str]:
    """What a browser sends back for what a field shows."""
    return shown if isinstance(shown, list) else [shown]


def new_leaf(tag: str, period: Mapping[str, str]) -> Leaf:
    """A criterion to be filled: every choice taken, the study's period proposed for an event."""
    proposed = {
        field.name: [choice.value for choice in field.choices] if field.keys and field.choices else []
        for field in LEAF_FORMS[tag].fields
        if not field.may_be_left_out
    }
    return from_text(tag, {**proposed, "from": [period.get("from", "")], "to": [period.get("to", "")]})


def _text(typed: list[str]) -> str:
    return typed[0].strip() if typed else ""


def _words(typed: list[str]) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", _text(typed)) if word]


def _read_codes(typed: list[str]) -> list[str]:
    return list(dict.fromkeys(word.upper().replace(".", "") for word in _words(typed)))


def _read_number(typed: list[str]) -> int | str:
    return _number_or_text(_text(typed))


def _number_or_text(word: str) -> int | str:
    return int(word) if re.fullmatch(r"-?[0-9]{1,6}", word) else word


def _read_numbers(typed: list[str]) -> list[int | str]:
    return [_number_or_text(word) for word in _words(typed)]


_READERS: Mapping[Asked, Any] = {
    Asked.CODES: _read_codes,
    Asked.NUMBERS: _read_numbers,
    Asked.NUMBER: _read_number,
    Asked.COUNT: _read_number,
    Asked.DATE: _text,
    Asked.CHOICE: _text,
    Asked.CHOICES: list,
}
