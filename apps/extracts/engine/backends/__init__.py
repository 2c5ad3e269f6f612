"""What runs the plans: DuckDB within this process, and the plain-Python oracle of the tests."""

from importlib import import_module
from pathlib import Path

from apps.extracts.engine.problems import EngineError

from .base import Backend, EngineSettings

BACKENDS = {"duckdb": "DuckDBEngine"}
"""The class of each backend, in the module of its name."""


def backend_class(name: str) -> type[Backend]:
    """The class of a backend. Raises ``EngineError`` when there is none of that name."""
    if name not in BACKENDS:
        raise EngineError(f"there is no engine {name!r}: {', '.join(BACKENDS)}")
    found: type[Backend] = getattr(import_module(f"{__name__}.{name}"), BACKENDS[name])
    return found


def open_backend(settings: EngineSettings, temporary: Path) -> Backend:
    """A backend ready to work; ``temporary`` is where it may spill. Close it by leaving its ``with`` block."""
    opened = backend_class(settings.backend)
    return opened(settings, temporary)  # type: ignore[call-arg]


__all__ = ["BACKENDS", "Backend", "EngineSettings", "backend_class", "open_backend"]
