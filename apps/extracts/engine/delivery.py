"""What goes with the data: the manifest that programs verify and the page that people read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .catalogue import CATALOGUE, FAMILY_TITLES, SURROGATE_TITLES, Family, Table
from .criteria import clause
from .definition import Definition
from .filters import FILTERS, Filter
from .html_page import HTML_PAGE, html_page
from .page_words import PAGE_WORDS
from .places import ObjectPath, Place
from .plan.cohort import steps
from .plan.deliveries import delivered_columns
from .plan.rows import bit
from .protection import LEVEL_WORDS, Level
from .risk import masked, potential_identifiers
from .source import Source, sha256_of
from .units import Unit, UnitKind
from .words import LANGUAGES, Language
from .workshop import Result

MANIFEST = "manifest.json"
PAGE = "README.md"
PATIENTS = "PATIENTS.parquet"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A delivered file as the manifest describes it. ``persons`` is absent for tables without people."""

    path: str
    table: str
    partition: str
    rows: int
    persons: int | None
    bytes: int
    sha256: str
    schema: Sequence[Sequence[str]]

    @classmethod
    def of(cls, unit: Unit, result: Result) -> "PublishedFile":
        """From the result of the unit that made it."""
        facts = result.facts
        path = f"{unit.table}/{unit.partition}.parquet"
        return cls(
            path,
            unit.table,
            unit.partition,
            result.rows,
            facts["persons"],
            result.bytes,
            facts["sha256"],
            facts["schema"],
        )

    def to_json(self) -> dict[str, Any]:
        """One entry of ``files`` in the manifest."""
        return {name: getattr(self, name) for name in self.__slots__}


def build_manifest(
    definition: Definition, binding: Mapping[str, Any], source: Source, results: Mapping[Unit, Result]
) -> dict[str, Any]:
    """The manifest of a delivery. It holds nothing that changes from one making to another, no time in particular."""
    files = [PublishedFile.of(unit, result) for unit, result in results.items() if unit.kind is UnitKind.TABLE]
    return {
        "format": FORMAT,
        "request_id": binding["request_id"],
        "binding": dict(binding),
        "synthetic": source.synthetic,
        "definition": definition.to_json(),
        "definition_hash": definition.hash,
        "sentences": {language: definition.sentence(language) for language in LANGUAGES},
        "source_release": source.release,
        "key_id": binding["key_id"],
        "engine": binding["versions"],
        "filters": [_filter(chosen, definition, results) for chosen in Filter],
        "population_flow": _flow(definition, results),
        "potential_identifiers": potential_identifiers(definition),
        "risk": {unit.table: dict(result.facts) for unit, result in results.items() if unit.kind is UnitKind.RISK},
        "files": [file.to_json() for file in files],
    }


def _filter(chosen: Filter, definition: Definition, results: Mapping[Unit, Result]) -> dict[str, Any]:
    return {
        "name": chosen.value,
        "applied": chosen in definition.filters,
        "removes": {language: FILTERS[chosen].removes(language) for language in LANGUAGES},
        "rows_removed_from_population": _removed(chosen, results, (UnitKind.MATCHED,)),
        "rows_removed_from_delivery": _removed(chosen, results, (UnitKind.TABLE,)),
    }


def _removed(chosen: Filter, results: Mapping[Unit, Result], kinds: Sequence[UnitKind]) -> int:
    """Rows that a filter removed, alone or with others."""
    found = (result.facts.get("removed", {}) for unit, result in results.items() if unit.kind in kinds)
    return sum(rows for removed in found for mask, rows in removed.items() if int(mask) & bit(chosen))


def _flow(definition: Definition, results: Mapping[Unit, Result]) -> list[dict[str, Any]]:
    """Persons in the referential, then after each criterion, then controls; small counts masked."""
    words = [_EVERYBODY, *({lang: clause(step, lang) for lang in LANGUAGES} for step in steps(definition.population))]
    words += [_DATED] if definition.index else []
    flows = [result.facts["flow"] for unit, result in results.items() if unit.kind is UnitKind.COHORT]
    counts = [sum(bucket) for bucket in zip(*flows, strict=True)]
    matched = [result for unit, result in results.items() if unit.kind is UnitKind.CONTROLS]
    controls = sum(result.rows for result in matched)
    cases = results[Unit(UnitKind.PATIENTS)].rows - controls
    if definition.protection.one_in > 1:
        one_in = definition.protection.one_in
        words.append({"fr": f"une personne sur {one_in}", "en": f"one person in {one_in}"})
        counts.append(cases)
    if definition.design.controls:
        full, partly = (sum(result.facts[name] for result in matched) for name in ("full", "partly"))
        words += _MATCHED
        counts += [controls, partly, cases - full - partly]
    return [{"criterion": said, "persons": masked(count)} for said, count in zip(words, counts, strict=True)]


_EVERYBODY = {"fr": "bénéficiaires du référentiel", "en": "beneficiaries of the referential"}
_DATED = {"fr": "et qui ont une date index", "en": "and who have an index date"}
_MATCHED = (
    {"fr": "témoins appariés", "en": "matched controls"},
    {"fr": "cas qui ont moins de témoins que demandé", "en": "cases with fewer controls than asked for"},
    {"fr": "cas sans aucun témoin", "en": "cases without any control"},
)


def write_documents(folder: Path, manifest: dict[str, Any], others: Sequence[str] = ()) -> None:
    """Write the pages, then the manifest, which vouches for them and for other documents that stand there."""
    folder.mkdir(parents=True, exist_ok=True)
    page = "\n".join(line for language in LANGUAGES for line in _page(manifest, language)).encode()
    (folder / PAGE).write_bytes(page)
    (folder / HTML_PAGE).write_text(html_page(manifest))
    manifest["documents"] = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
        for name in (PAGE, HTML_PAGE, *others)
    }
    draft = folder / f"{MANIFEST}.unfinished"
    draft.write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    draft.replace(folder / MANIFEST)


def read_manifest(folder: Place) -> dict[str, Any]:
    """The manifest of a delivery; empty when it cannot be read.

    Raises ``OSError`` when an object store does not answer: nobody knows then what stands there.
    """
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    except OSError:
        if isinstance(folder, ObjectPath):
            raise
        return {}
    return found if isinstance(found, dict) else {}


def _page(manifest: Mapping[str, Any], language: Language) -> Iterable[str]:
    words = PAGE_WORDS[language]
    yield f"# {words['title']} {manifest['request_id']}".rstrip()
    yield ""
    if manifest["synthetic"]:
        yield from (f"**{words['synthetic']}**", "")
    yield from (words["intro"], "", f"## {words['definition']}", "", manifest["sentences"][language], "")
    yield from (f"## {words['flow']}", "")
    yield from (f"1. {step['criterion'][language]}: {step['persons']}" for step in manifest["population_flow"])
    yield from ("", f"## {words['filters']}", "")
    for chosen in manifest["filters"]:
        outcome = f"{words['removed']}: {chosen['rows_removed_from_delivery']}" if chosen["applied"] else words["off"]
        yield f"- {chosen['removes'][language]} ({outcome})"
    yield from _risk(manifest, words)
    yield from _identifiers(manifest, language)
    definition = Definition.from_json(manifest["definition"])
    for name in sorted(definition.scope.tables):
        yield from _table(manifest, definition, CATALOGUE.tables[name], language)


def _risk(manifest: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[str]:
    if manifest["risk"]:
        yield from (
            "",
            f"## {words['risk']}",
            "",
            words["risk_intro"],
            "",
            words["risk_header"],
            "|---|---|---|---|---|",
        )
    for name, found in sorted(manifest["risk"].items()):
        for one in found["sets"]:
            columns, after = ", ".join(one["quasi_identifiers"]), one["after"]
            before = f" ({words['before']} {one['before']['k']})" if "before" in one else ""
            was = f"<br>{_bar(one['before'])} ({words['before']} {one['before']['alone']})" if "before" in one else ""
            diverse = "–" if after["l"] is None else after["l"]
            yield f"| {name} | {columns} | {after['k']}{before} | {_bar(after)} {after['alone']}{was} | {diverse} |"


def _bar(found: Mapping[str, Any]) -> str:
    """The share of persons alone, in tenths and in per cent."""
    tenths = round(10 * found["share_alone"])
    return f"{'█' * tenths}{'░' * (10 - tenths)} {100 * found['share_alone']:.1f}\u00a0%"


def _identifiers(manifest: Mapping[str, Any], language: Language) -> Iterable[str]:
    words, place = PAGE_WORDS[language], LANGUAGES.index(language)
    yield from ("", f"## {words['identifiers']}", "")
    for family, facts in manifest["potential_identifiers"].items():
        level = facts["coarsened_to"]
        coarse = LEVEL_WORDS[language][Level(level)] if level else words["exact"]
        yield f"- {FAMILY_TITLES[Family(family)][place]}: {', '.join(facts['columns'])} ({coarse})"
    if not manifest["potential_identifiers"]:
        yield words["none"]


def _table(manifest: Mapping[str, Any], definition: Definition, table: Table, language: Language) -> Iterable[str]:
    words = PAGE_WORDS[language]
    rows = sum(file["rows"] for file in manifest["files"] if file["table"] == table.name)
    yield from ("", f"## {table.name}", "", f"{table.title(language)}: {rows} {words['rows']}.", "")
    yield from (words["header"], "|---|---|")
    for name in delivered_columns(definition, table):
        column = table.column(name)
        french, english = SURROGATE_TITLES.get(name, ("", ""))
        title = column.title(language) if column else {"fr": french, "en": english}[language]
        yield f"| {name} | {title} |"
    yield ""
