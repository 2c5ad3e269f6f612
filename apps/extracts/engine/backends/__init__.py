"""What runs the plans: DuckDB within this process, Apache Spark on a cluster, and the plain-Python oracle of the tests.

A backend is imported when it is asked for: PySpark need not be installed for anything but itself.
"""

from importlib import import_module
from pathlib import Path

from apps.extracts.engine.problems import EngineError

from .base import Backend, EngineSettings

BACKENDS = {"duckdb": "DuckDBEngine", "spark": "SparkEngine"}
"""The class of each backend, in the module of its name."""


def backend_class(name: str) -> type[Backend]:
    """The class of a backend. Raises ``EngineError`` when there is none of that name, or it is not installed."""
    if name not in BACKENDS:
        raise EngineError(f"there is no engine {name!r}: {', '.join(BACKENDS)}")
    try:
        found: type[Backend] = getattr(import_module(f"{__name__}.{name}"), BACKENDS[name])
    except ModuleNotFoundError as error:
        raise EngineError(f"the engine {name} needs {error.name}, which is not installed (docs/engine.md)") from error
    return found


def open_backend(settings: EngineSettings, temporary: Path) -> Backend:
    """A backend ready to work; ``temporary`` is where it may spill. Close it by leaving its ``with`` block."""
    opened = backend_class(settings.backend)
    return opened(settings, temporary)  # type: ignore[call-arg]  # a protocol has no constructor


__all__ = ["BACKENDS", "Backend", "EngineSettings", "backend_class", "open_backend"]
