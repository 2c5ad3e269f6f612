"""Run a definition on a source, stand-alone. Needs no database.

Exit codes: 0 delivered (or delivered already), 2 refused with the reason on stderr and nothing written.
"""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.extracts.engine.backends import BACKENDS
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.check import check
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.nomenclature import load_nomenclature
from apps.extracts.engine.places import Place, place_of
from apps.extracts.engine.problems import DefinitionError, EngineError
from apps.extracts.engine.pseudonyms import ProjectKey, read_key_file
from apps.extracts.engine.run import EngineSettings, ExtractRun, UnitReport, discard, run_all

REFUSED = 2
SOURCE_HELP = "a source copy described by its SOURCE.json: a folder, or s3://bucket/prefix"
KEY_HELP = "the project's key: at least 32 bytes, written in hexadecimal, in base64, or raw"


class Command(BaseCommand):
    """Reads the definition, checks it against the source, carries it out."""

    help = "Runs an extract definition on a source and delivers pseudonymised Parquet files with their manifest."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--definition", type=Path, required=True, help="a JSON file (docs/definition.schema.json)")
        parser.add_argument("--source", type=place_of, required=True, help=SOURCE_HELP)
        parser.add_argument("--out", type=place_of, required=True, help="a folder that is missing or empty, or s3://…")
        parser.add_argument("--work", type=Path, help="where to work; needed for s3://, otherwise beside the delivery")
        parser.add_argument("--key-file", type=Path, required=True, help=KEY_HELP)
        parser.add_argument("--request-id", default="", help="written in the manifest")
        parser.add_argument("--memory-limit", default="2GB", help="for the engine, such as 512MB or 8GB")
        parser.add_argument("--threads", type=int, default=1, help="for the engine")
        parser.add_argument("--engine", choices=BACKENDS, default="duckdb", help="what computes: see docs/engine.md")
        parser.add_argument(
            "--master", default="local[*]", help="Spark's: local[2], spark://host:7077, k8s://https://host"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            run = self._opened(options)
            made = run_all(run, self._progress if options["verbosity"] > 1 else None)
        except (EngineError, OSError) as error:
            _discard(options["out"], options["work"])
            raise CommandError(str(error), returncode=REFUSED) from error
        done = f"delivered in {time.monotonic() - started:.1f} s" if made else "was delivered already, nothing done"
        self.stdout.write(f"{options['out']}: {done}")

    def _opened(self, options: dict[str, Any]) -> ExtractRun:
        definition = Definition.from_json(_read(options["definition"]))
        secret, warnings = read_key_file(options["key_file"])
        for warning in warnings:
            self.stderr.write(self.style.WARNING(warning))
        if problems := check(definition, CATALOGUE, load_nomenclature(options["source"])):
            raise DefinitionError(problems)
        return ExtractRun.open(
            definition,
            source=options["source"],
            out=options["out"],
            key=ProjectKey(secret),
            request_id=options["request_id"],
            work=options["work"],
            settings=EngineSettings(
                options["memory_limit"], options["threads"], backend=options["engine"], master=options["master"]
            ),
        )

    def _progress(self, report: UnitReport, done: int, total: int) -> None:
        self.stdout.write(
            f"{done}/{total} {report.unit.name}: {report.rows} rows{' (already)' if report.skipped else ''}"
        )


def _discard(out: Place, work: Path | None) -> None:
    if work is not None or isinstance(out, Path):
        discard(out, work)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path}: the definition cannot be read ({error.strerror})") from error
