"""What is known of a dossier for its decision, under the five safes: project, people, data, settings, outputs.

Each fact is computed from what was submitted and from how the stages ended; nothing here is anybody's judgement but the
level of exposure, whose rule stands beside it (`exposure`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.applications import composition, exposure, presentation, wording
from apps.applications.exposure import Coarser, FamilyAsked, Level
from apps.applications.field_rules import as_date
from apps.applications.form_spec import Contents, Specification, Text
from apps.applications.policy import Cnil, Committee, Path, Stage
from apps.applications.procedure_models import ChecklistMark
from apps.applications.rules import Conflict, Facts
from apps.core.dates import in_words
from apps.core.errors import Message
from apps.extracts.engine.catalogue import FAMILY_TITLES
from apps.extracts.engine.catalogue_text import DATASET_TITLES
from apps.extracts.engine.protection import LEVEL_WORDS
from apps.extracts.engine.risk import SMALLEST_COUNT

GOOD, WARNING, BAD = "success", "warning", "error"
TONES: Mapping[Level, str] = {Level.LOW: GOOD, Level.MODERATE: WARNING, Level.HIGH: BAD}

EXPOSURE: Mapping[str, Message] = {
    Level.LOW: gettext_lazy("low"),
    Level.MODERATE: gettext_lazy("moderate"),
    Level.HIGH: gettext_lazy("high"),
}


@dataclass(frozen=True)
class Fact:
    """One thing that is known. `mark` is a word on a badge of that `tone`; both blank where nothing stands out."""

    label: str
    lines: tuple[str, ...] = ()
    mark: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Ground:
    """What the facts are computed from. `ended` is how each stage ended last, in words, amended dossiers included."""

    specification: Specification
    contents: Contents
    path: Path
    facts: Facts
    ended: Mapping[str, str]
    documents: Mapping[str, list[str]]
    marks: Mapping[str, str]
    obligations: Iterable[Any] = field(default=())

    def answer(self, page: str, name: str) -> str:
        """The answer to a field in words; blank where the form does not ask it."""
        asked = [one for spec in self.specification.pages if spec.key == page for one in spec.fields]
        found = next((one for one in asked if one.name == name), None)
        return presentation.in_words(found, self.contents.get(page, {})) if found else ""

    @property
    def scope(self) -> Mapping[str, list[str]]:
        """The tables and columns asked for."""
        found: Mapping[str, list[str]] = self.contents.get("variables", {}).get("scope", {})
        return found

    @property
    def coarser(self) -> Coarser:
        """The families of potential identifiers that are delivered less exact than the source holds them."""
        return composition.coarser(self.contents)

    def day(self, name: str) -> date | None:
        """A day of the page of periods."""
        return as_date(self.contents.get("period", {}).get(name))


@dataclass(frozen=True)
class Safe:
    """One of the five, with the question it answers."""

    key: str
    title: str
    question: str
    facts: tuple[Fact, ...]

    @property
    def points(self) -> int:
        """How many facts ask for attention."""
        return sum(bool(one.mark) and one.tone in (WARNING, BAD) for one in self.facts)


def five_safes(ground: Ground) -> tuple[Safe, ...]:
    """The five, in their usual order. No query."""
    said = (
        ("project", _("Safe project"), _("Is this an appropriate and lawful use of the data?"), _project),
        ("people", _("Safe people"), _("Can those who get access be trusted with it?"), _people),
        ("data", _("Safe data"), _("Is no more asked for than needed, and who could be recognised?"), _data),
        ("settings", _("Safe settings"), _("Where, for how long and at what cost is it used?"), _settings),
        ("outputs", _("Safe outputs"), _("What leaves, and to whom?"), _outputs),
    )
    return tuple(Safe(key, title, question, tuple(facts(ground))) for key, title, question, facts in said)


def _project(ground: Ground) -> Iterator[Fact]:
    purpose, path = ground.answer("purpose", "purpose_kind"), ground.path
    yield Fact(_("Purpose"), (purpose, ground.answer("purpose", "purpose_other")))
    confirmed = ground.contents.get("purpose", {}).get("no_forbidden_purpose")
    marked = (_("ruled out by the team"), GOOD) if confirmed else (_("not ruled out"), BAD)
    yield Fact(_("Forbidden purposes"), (), *marked)
    yield Fact(_("Path of the procedure"), (wording.said(path.title), wording.said(path.legal)))
    yield _of_stage(ground, _("Opinion of the committee"), Stage.COMMITTEE, path.committee is not Committee.NONE)
    asked = path.cnil is not Cnil.NONE
    stage = Stage.COMMITMENT if path.cnil is Cnil.COMMITMENT else Stage.CNIL
    label = _("Commitment to a reference methodology") if stage is Stage.COMMITMENT else _("Decision of CNIL")
    yield _of_stage(ground, label, stage, asked and stage in path.stages)
    yield from _conditions(ground)
    yield _checklist(ground)
    yield Fact(_("Funders"), (ground.answer("purpose", "funders") or _("none declared"),))


def _of_stage(ground: Ground, label: str, stage: Stage, asked: bool) -> Fact:
    """How a stage ended; that it is awaited; or that the path does without it."""
    if stage in ground.ended:
        return Fact(label, (ground.ended[stage],))
    return Fact(label, (), _("still to come"), "info") if asked else Fact(label, (_("not asked for on this path"),))


def _conditions(ground: Ground) -> Iterator[Fact]:
    every = list(ground.obligations)
    still = sum(one.fulfilled_at is None for one in every)
    if every:
        marked = (_("%(n)d open") % {"n": still}, WARNING) if still else (_("all fulfilled"), GOOD)
        yield Fact(_("Conditions to be fulfilled"), (), *marked)


def _checklist(ground: Ground) -> Fact:
    marks = [ground.marks.get(item.key, "") for item in ground.path.checklist]
    wrong = marks.count(ChecklistMark.Mark.WRONG)
    line = _("Items looked at: %(looked)d of %(all)d") % {"looked": sum(map(bool, marks)), "all": len(marks)}
    return Fact(_("Checklist"), (line,), _("%(n)d to correct") % {"n": wrong} if wrong else "", BAD if wrong else "")


def _people(ground: Ground) -> Iterator[Fact]:
    body = ground.answer("team", "implementing_body")
    yield Fact(_("Who runs the data work"), (ground.answer("team", "processing_by"), body))
    declared = ground.documents.get("interests", [])
    marked = ("", "") if declared else (_("not attached"), WARNING)
    yield Fact(_("Declarations of interests"), (", ".join(declared),), *marked)
    found = ground.facts.decider_conflicts
    reasons = {Conflict.TEAM: "own_application", Conflict.ORGANISATION: "own_organisation"}
    lines = tuple(str(wording.REASONS[reasons[one]]) for one in sorted(found))
    marked = (_("conflict of interest"), BAD) if found else (_("none found"), GOOD)
    yield Fact(_("Your own interests in this dossier"), lines, *marked)


def _data(ground: Ground) -> Iterator[Fact]:
    found = exposure.share(ground.scope)
    counts = _("Tables: %(tables)d of %(of)d; variables: %(columns)d of the %(offered)d they hold") % {
        "tables": found.tables,
        "of": found.tables_offered,
        "columns": found.columns,
        "offered": found.columns_offered,
    }
    yield Fact(_("Scope against the catalogue"), (counts, ", ".join(map(_dataset, found.datasets))))
    yield Fact(_("Period of the data"), (_between(ground.day("data_from"), ground.day("data_to")),))
    yield Fact(_("Potential identifiers"), tuple(_families(ground)))
    sources = ground.answer("linkage", "sources")
    linked = ground.contents.get("linkage", {}).get("linked") == "yes"
    yield Fact(_("Linkage"), (sources if linked else _("no linkage"),), _("linked") if linked else "", WARNING)
    yield _risk(ground, linked)


def _dataset(key: str) -> str:
    return wording.said(Text(*DATASET_TITLES[key]))


def _families(ground: Ground) -> Iterator[str]:
    """Each of the five families: what is asked for of it and how exact, or that nothing is."""
    for one in exposure.families_asked(ground.scope, ground.coarser):
        words = _("%(family)s: no, coarsened %(level)s (%(columns)s)") if one.coarser else _("%(family)s: %(columns)s")
        yield words % {
            "family": capfirst(wording.said(Text(*FAMILY_TITLES[one.family]))),
            "columns": ", ".join(one.columns) or _("not asked for"),
            "level": _precision(one),
        }


def _precision(asked: FamilyAsked) -> str:
    levels = (LEVEL_WORDS["fr"], LEVEL_WORDS["en"])
    return wording.said(Text(*(words[asked.coarser] for words in levels))) if asked.coarser else ""


def _risk(ground: Ground, linked: bool) -> Fact:
    level = exposure.level(ground.scope, linked=linked, coarser=ground.coarser)
    known = exposure.known_of_one(ground.scope)
    line = ngettext(
        "of what is commonly known of somebody, the delivery would tell %(n)d thing in six",
        "of what is commonly known of somebody, the delivery would tell %(n)d things in six",
        known,
    )
    rule = _(
        "High from three families of potential identifiers in exact values, or one beside a linkage; "
        "measured on the delivery."
    )
    return Fact(_("Risk of recognition"), (capfirst(line % {"n": known}), rule), str(EXPOSURE[level]), TONES[level])


def _settings(ground: Ground) -> Iterator[Fact]:
    start, end = ground.day("access_from"), ground.day("access_to")
    longest = ground.path.longest_access_years
    most = ngettext("at most %(n)d year on this path", "at most %(n)d years on this path", longest) % {"n": longest}
    yield Fact(_("Access"), (_between(start, end), most))
    yield Fact(_("Where"), (_("isolated workspace of the platform, without Internet, in the European Union"),))
    years = ground.answer("protection", "retention_years")
    yield Fact(_("Retention of the data"), (_years(years) if years else _("not said"),))
    approved = ground.documents.get("accreditation", [])
    yield Fact(_("Security accreditation"), (", ".join(approved) or _("none attached; the platform’s own applies"),))
    yield Fact(_("Agreement"), (_agreement(ground.path),))
    read = exposure.parts_read(ground.scope, months_between(ground.day("data_from"), ground.day("data_to")))
    yield Fact(_("Work of the extraction"), (_("Parts of the SNDS to read: %(n)d") % {"n": read},))


def _years(typed: str) -> str:
    return ngettext("%(n)s year", "%(n)s years", 1 if typed == "1" else 2) % {"n": typed}


def _agreement(path: Path) -> str:
    if Stage.AGREEMENT in path.stages:
        return _("to be signed by every party before access opens")
    return _("not asked for on this path")


def _outputs(ground: Ground) -> Iterator[Fact]:
    yield Fact(_("Recipients"), (ground.answer("protection", "recipients") or _("not said"),))
    abroad = ground.contents.get("protection", {}).get("transfers") == "yes"
    lines = (ground.answer("protection", "transfer_details") if abroad else _("no transfer"),)
    yield Fact(_("Transfers outside the European Union"), lines, _("foreseen") if abroad else "", BAD)
    rule = _("no count of fewer than %(n)d persons leaves; anonymous results only") % {"n": SMALLEST_COUNT}
    yield Fact(_("Small numbers"), (rule,))
    public = _("page in the public directory, results owed") if ground.path.public_directory else _("no public page")
    yield Fact(_("Transparency"), (public,))
    contact = ground.answer("protection", "rights_contact")
    yield Fact(_("Rights of the persons"), (contact,), "" if contact else _("no contact given"), BAD)


def _between(start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return _("not said")
    days = {"start": in_words(start), "end": in_words(end)}
    months = months_between(start, end)
    length = ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return _("from %(start)s to %(end)s") % days + f" ({length})"


def months_between(start: date | None, end: date | None) -> int:
    """How many calendar months a period touches, both days included; none for one that is not known."""
    if start is None or end is None or end < start:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month + 1


def ended_last(outcomes: Iterable[Any]) -> dict[str, str]:
    """How each stage ended last, in words, from lines that come latest first."""
    found: dict[str, str] = {}
    for line in outcomes:
        day = in_words(line.decided_on or line.at)
        words = [capfirst(line.outcome), line.reference, day]
        found.setdefault(line.key, ", ".join(word for word in words if word))
    return found
