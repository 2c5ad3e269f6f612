"""What goes with the data: the manifest that programs verify and the page that people read."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .catalogue import CATALOGUE, SURROGATE_TITLES, Table
from .definition import Definition
from .filters import FILTERS, Filter
from .plan.cohort import steps
from .plan.deliveries import delivered_columns
from .plan.rows import bit
from .source import Source
from .units import Unit, UnitKind
from .words import LANGUAGES, Language
from .workshop import Result

MANIFEST = "manifest.json"
PAGE = "README.md"
FORMAT = 1
SMALLEST_COUNT = 11
"""No count of persons under this one is shown (rule of the CASD, applied to the SNDS)."""


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


def masked(count: int) -> int | str:
    """A count of persons that may be shown."""
    return count if count >= SMALLEST_COUNT else f"<{SMALLEST_COUNT}"


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
    """Persons in the referential, then after each criterion; small counts masked."""
    everybody = {"fr": "bénéficiaires du référentiel", "en": "beneficiaries of the referential"}
    words = [everybody, *({lang: step.clause(lang) for lang in LANGUAGES} for step in steps(definition.population))]
    flows = [result.facts["flow"] for unit, result in results.items() if unit.kind is UnitKind.COHORT]
    counts = [sum(bucket) for bucket in zip(*flows, strict=True)]
    return [{"criterion": said, "persons": masked(count)} for said, count in zip(words, counts, strict=True)]


def write_documents(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the page, then the manifest, which vouches for the page."""
    folder.mkdir(parents=True, exist_ok=True)
    page = "\n".join(line for language in LANGUAGES for line in _page(manifest, language)).encode()
    (folder / PAGE).write_bytes(page)
    manifest["documents"] = {PAGE: {"bytes": len(page), "sha256": hashlib.sha256(page).hexdigest()}}
    draft = folder / f"{MANIFEST}.unfinished"
    draft.write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    draft.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a delivery; empty when it cannot be read."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


_PAGE_WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Extraction du SNDS",
        "synthetic": "**Données synthétiques : aucune personne réelle.**",
        "intro": "Chaque table est un dossier, chaque partition un fichier Parquet. Les identifiants sont remplacés "
        "par des pseudonymes propres à ce projet : ils joignent les tables entre elles et rien d’autre.",
        "definition": "Ce qui a été demandé",
        "flow": "Population, critère après critère",
        "filters": "Filtres de qualité",
        "header": "| Variable | Contenu |",
        "rows": "lignes",
        "off": "non appliqué",
        "removed": "lignes écartées de la livraison",
    },
    "en": {
        "title": "Extract of the SNDS",
        "synthetic": "**Synthetic data: no real person.**",
        "intro": "Each table is a folder, each partition a Parquet file. Identifiers are replaced by pseudonyms of "
        "this project: they join the tables to each other and to nothing else.",
        "definition": "What was asked for",
        "flow": "Population, criterion after criterion",
        "filters": "Quality filters",
        "header": "| Variable | Content |",
        "rows": "rows",
        "off": "not applied",
        "removed": "rows left out of the delivery",
    },
}


def _page(manifest: Mapping[str, Any], language: Language) -> Iterable[str]:
    words = _PAGE_WORDS[language]
    yield f"# {words['title']} {manifest['request_id']}".rstrip()
    yield ""
    if manifest["synthetic"]:
        yield from (words["synthetic"], "")
    yield from (words["intro"], "", f"## {words['definition']}", "", manifest["sentences"][language], "")
    yield from (f"## {words['flow']}", "")
    yield from (f"1. {step['criterion'][language]}: {step['persons']}" for step in manifest["population_flow"])
    yield from ("", f"## {words['filters']}", "")
    for chosen in manifest["filters"]:
        outcome = f"{words['removed']}: {chosen['rows_removed_from_delivery']}" if chosen["applied"] else words["off"]
        yield f"- {chosen['removes'][language]} ({outcome})"
    definition = Definition.from_json(manifest["definition"])
    for name in sorted(definition.scope.tables):
        yield from _table(manifest, definition, CATALOGUE.tables[name], language)


def _table(manifest: Mapping[str, Any], definition: Definition, table: Table, language: Language) -> Iterable[str]:
    words = _PAGE_WORDS[language]
    rows = sum(file["rows"] for file in manifest["files"] if file["table"] == table.name)
    yield from ("", f"## {table.name}", "", f"{table.title(language)}: {rows} {words['rows']}.", "")
    yield from (words["header"], "|---|---|")
    for name in delivered_columns(definition, table):
        column = table.column(name)
        french, english = SURROGATE_TITLES.get(name, ("", ""))
        title = column.title(language) if column else {"fr": french, "en": english}[language]
        yield f"| {name} | {title} |"
    yield ""
