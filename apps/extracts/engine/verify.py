"""Is a delivery what its manifest says, and nothing else? Everything is recomputed from the files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .catalogue import CATALOGUE
from .definition import Definition
from .delivery import MANIFEST, read_manifest
from .parquet import opened
from .places import Place, fetched, files_under
from .plan.deliveries import delivered_columns
from .problems import DefinitionError, Problem
from .signature import SIGNATURE, signed_by
from .source import sha256_of
from .words import LANGUAGES

REQUIRED = ("definition", "definition_hash", "sentences", "files", "documents", "binding")


def verify(delivery: Place, public_key: str = "", *, recount: bool = True) -> tuple[Problem, ...]:
    """Every difference between a delivery and its manifest, empty when there is none.

    ``public_key``, when given, is the one that must have signed; otherwise any key that the manifest itself names.
    Without ``recount``, the persons of files whose hash is right are not counted again. Objects are fetched, one after
    the other: nothing is believed about what was not read. Raises ``OSError`` when a store cannot be reached.
    """
    manifest = read_manifest(delivery)
    if any(key not in manifest for key in REQUIRED):
        words = ("le manifeste manque ou est illisible", "the manifest is missing or unreadable")
        return (Problem(MANIFEST, "no_manifest", *words),)
    try:
        signed = _signature(delivery, public_key or manifest["binding"]["signed_by"])
        return (*signed, *_definition(manifest), *_files(delivery, manifest, recount), *_extra(delivery, manifest))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        words = (f"le manifeste est mal formé ({error})", f"the manifest is malformed ({error})")
        return (Problem(MANIFEST, "bad_manifest", *words),)


def _signature(folder: Place, public_key: str) -> Iterator[Problem]:
    if signed_by(folder / MANIFEST) != public_key:
        words = ("la signature du manifeste manque ou est fausse", "the signature of the manifest is missing or wrong")
        yield Problem(SIGNATURE, "bad_signature", *words)


def _definition(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        definition = Definition.from_json(manifest["definition"])
    except DefinitionError as error:
        yield Problem(
            MANIFEST, "bad_definition", f"la définition est illisible\u00a0: {error}", f"bad definition: {error}"
        )
        return
    if not definition.hash == manifest["definition_hash"] == manifest["binding"]["definition_hash"]:
        yield _differs(MANIFEST, "definition_hash", "l’empreinte de la définition", "the hash of the definition")
    if manifest["sentences"] != {language: definition.sentence(language) for language in LANGUAGES}:
        yield _differs(MANIFEST, "sentences", "la définition en phrases", "the definition in sentences")
    for file in manifest["files"]:
        expected = list(delivered_columns(definition, CATALOGUE.tables[file["table"]]))
        if [name for name, _ in file["schema"]] != expected:
            yield _differs(file["path"], "columns", "la liste des variables livrées", "the list of delivered columns")


def _files(folder: Place, manifest: Mapping[str, Any], recount: bool) -> Iterator[Problem]:
    there = frozenset(files_under(folder))
    described = [(file["path"], file) for file in manifest["files"]]
    for name, facts in [*described, *manifest["documents"].items()]:
        if name not in there:
            yield Problem(name, "missing_file", "le fichier manque", "the file is missing")
        elif (folder / name).stat().st_size != facts["bytes"]:
            yield _differs(name, "bytes", "la taille du fichier", "the size of the file")
        else:
            with fetched(folder / name) as path:
                yield from _file(path, name, facts, recount)


def _file(path: Path, name: str, facts: Mapping[str, Any], recount: bool) -> Iterator[Problem]:
    if sha256_of(path) != facts["sha256"]:
        yield _differs(name, "sha256", "l’empreinte du fichier", "the hash of the file")
    elif "rows" in facts:
        yield from _content(path, name, facts, recount)


def _content(path: Path, name: str, facts: Mapping[str, Any], recount: bool) -> Iterator[Problem]:
    try:
        parquet = opened(path)
    except (OSError, pa.ArrowException):
        yield _differs(name, "format", "le format du fichier", "the format of the file")
        return
    with parquet:
        if parquet.metadata.num_rows != facts["rows"]:
            yield _differs(name, "rows", "le nombre de lignes", "the number of rows")
        if [[field.name, str(field.type)] for field in parquet.schema_arrow] != facts["schema"]:
            yield _differs(name, "schema", "le schéma", "the schema")
        elif recount and facts["persons"] is not None and _persons(parquet) != facts["persons"]:
            yield _differs(name, "persons", "le nombre de personnes", "the number of persons")


def _persons(parquet: pq.ParquetFile) -> int:
    batches = parquet.iter_batches(columns=["PATIENT_ID"])
    seen = [batch.column(0).storage.unique() for batch in batches]
    return len(pa.chunked_array(seen, pa.binary(16)).unique())


def _extra(folder: Place, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    known = {MANIFEST, SIGNATURE, *manifest["documents"], *(file["path"] for file in manifest["files"])}
    for name in files_under(folder):
        if name not in known:
            yield Problem(name, "extra_file", "le fichier n’est pas au manifeste", "the file is not in the manifest")


def _differs(path: str, code: str, what_fr: str, what_en: str) -> Problem:
    return Problem(path, code, f"{what_fr} diffère du manifeste", f"{what_en} differs from the manifest")
