"""Carrying out an extract: plan its units, do them one by one, in one process or in many, and publish.

    run = ExtractRun.open(definition, source=…, out=…, key=…, request_id="…")
    for unit in run.units:
        run_unit(unit, run)

A unit that is done is not done again. A process that dies at any moment leaves nothing that reads as a delivery; the
next one goes on and ends in the same bytes. ``out`` appears at once, whole, with its manifest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .backends import Backend, EngineSettings, backend_class, open_backend
from .backends.base import Keyed
from .catalogue import Kind
from .definition import Definition
from .delivery import read_manifest
from .job import KEPT, Job
from .places import ObjectPath, Place, is_free
from .plan.relations import KEYED_ARGUMENTS, keyed_name
from .problems import DeliveryError, EngineError
from .pseudonyms import ProjectKey
from .publishing import Shelf, discard, fingerprint, withdraw
from .signature import Signer
from .source import Source
from .steps import STEPS
from .units import Unit, plan_of
from .verify import verify
from .workshop import Result, Workshop, home_of

ENGINE_VERSION = "6"


@dataclass(frozen=True, slots=True)
class UnitReport:
    """What one call of ``run_unit`` did; ``skipped`` when the unit was already done."""

    unit: Unit
    rows: int
    bytes: int
    skipped: bool


@dataclass(frozen=True)
class ExtractRun:
    """One extract to be made: what, from where, to where, under which key."""

    definition: Definition
    source: Source
    out: Place
    key: ProjectKey
    request_id: str
    settings: EngineSettings
    units: tuple[Unit, ...] = field(repr=False)
    signer: Signer
    home: Path

    @classmethod
    def open(
        cls,
        definition: Definition,
        *,
        source: Place,
        out: Place,
        key: ProjectKey,
        request_id: str = "",
        settings: EngineSettings | None = None,
        signer: Signer | None = None,
        work: Path | None = None,
    ) -> "ExtractRun":
        """Open the source and plan; without a ``signer``, the manifest is signed by the project itself.

        The work is done in ``work``, beside ``out`` when it is not given; an object store has no such place.

        Raises ``SourceError``, or ``DeliveryError`` when ``out`` holds something else.
        """
        opened = Source.open(source)
        units = plan_of(definition, opened, to_objects=isinstance(out, ObjectPath))
        chosen = settings or EngineSettings()
        run = cls(definition, opened, out, key, request_id, chosen, units, signer or key.signer(), home_of(out, work))
        run.check_place()
        return run

    @cached_property
    def binding(self) -> Mapping[str, Any]:
        """All that the bytes of the delivery depend on, and nothing secret."""
        return {
            "request_id": self.request_id,
            "definition_hash": self.definition.hash,
            "key_id": self.key.id,
            "source_release": self.source.release,
            "versions": engine_versions(self.settings.backend),
            "ordered": self.settings.ordered,
            "signed_by": self.signer.public_key,
        }

    @cached_property
    def keyed(self) -> Mapping[Kind, Keyed]:
        """The keyed functions of the project."""
        return self.key.functions()

    @cached_property
    def workshop(self) -> Workshop:
        """Where the work is done."""
        return Workshop(self.out, fingerprint(self.binding), self.home)

    @cached_property
    def shelf(self) -> Shelf | None:
        """Its place in an object store, if it is delivered to one."""
        out, binding = self.out, self.workshop.binding
        return Shelf(out, self.request_id, binding) if isinstance(out, ObjectPath) else None

    def backend(self) -> Backend:
        """The backend of the settings, ready to work; the units of one thread may share it."""
        return open_backend(self.settings, self.workshop.temporary)

    def delivered(self) -> bool:
        """Whether this very extract stands at ``out``. Raises ``DeliveryError`` when it holds something else."""
        return self.check_place()

    def check_place(self) -> bool:
        """True when this extract is delivered, False when it may be made. Raises ``DeliveryError`` otherwise."""
        if read_manifest(self.out).get("binding") == self.binding:
            return True
        if is_free(self.out) or (self.shelf is not None and self.shelf.may_be_filled()):
            return False
        raise DeliveryError(f"{self.out}: holds something else than this extract; nothing was written")

    def settle(self) -> None:
        """Remove what a death in the last moment of publishing may have left beside the delivery that stands."""
        if self.shelf is not None:
            self.shelf.forget_note()
        self.workshop.discard()


@cache
def engine_versions(backend: str) -> dict[str, str]:
    """The versions that the bytes of a delivery may depend on."""
    libraries = ("duckdb", "ibis-framework", "pyarrow", *backend_class(backend).libraries)
    return {"engine": ENGINE_VERSION, **{name: version(name) for name in libraries}}


def plan_units(definition: Definition, source: Place) -> tuple[Unit, ...]:
    """Every unit of an extract, in order. Raises ``SourceError``."""
    return plan_of(definition, Source.open(source))


def run_unit(unit: Unit, run: ExtractRun, engine: Backend | None = None) -> UnitReport:
    """Do one unit, unless it is done. The units before it in the plan must be done.

    ``engine`` may be shared by the units of one thread. Raises ``SourceError`` and ``DeliveryError``.
    """
    if run.delivered():
        return UnitReport(unit, 0, 0, skipped=True)
    workshop = run.workshop
    if (done := workshop.result(unit)) is not None:
        return _report(unit, done, skipped=True)
    workshop.prepare()
    failures: tuple[type[Exception], ...] = (EngineError, OSError, *backend_class(run.settings.backend).failures)
    try:
        return _report(unit, _done(unit, run, engine), skipped=False)
    except failures:
        # Another worker may have published, and swept the work away, while this one was at it.
        if run.delivered():
            return UnitReport(unit, 0, 0, skipped=True)
        raise


def _done(unit: Unit, run: ExtractRun, engine: Backend | None) -> Result:
    if engine is not None:
        return STEPS[unit.kind](_job(unit, run, engine))
    with run.backend() as own:
        return STEPS[unit.kind](_job(unit, run, own))


def run_all(run: ExtractRun, progress: Callable[[UnitReport, int, int], None] | None = None) -> bool:
    """Do every unit in order; False when the delivery stood already.

    ``progress`` receives each report with the number of units done and their total.
    """
    if run.delivered():
        run.settle()
        return False
    run.workshop.prepare()
    with run.backend() as engine:
        for done, unit in enumerate(run.units, start=1):
            report = run_unit(unit, run, engine)
            if progress is not None:
                progress(report, done, len(run.units))
    return True


def _report(unit: Unit, result: Result, *, skipped: bool) -> UnitReport:
    return UnitReport(unit, result.rows, result.bytes, skipped)


def _job(unit: Unit, run: ExtractRun, engine: Backend) -> Job:
    functions = {keyed_name(kind): (KEYED_ARGUMENTS[kind], made) for kind, made in run.keyed.items()}
    engine.know(run.key.id, functions)
    engine.let_go(but=KEPT.get(unit.kind, frozenset()))
    return Job(unit, run.definition, run.source, run.key, engine, run.workshop, run.units, run.binding, run.signer)


__all__ = [
    "EngineSettings",
    "ExtractRun",
    "UnitReport",
    "discard",
    "engine_versions",
    "plan_units",
    "run_all",
    "run_unit",
    "verify",
    "withdraw",
]
