"""Rules and the extract engine are covered to the last branch; the whole to `--cov-fail-under`."""

from io import StringIO

import coverage

# Spark is installed apart, and measured by `make test-spark` in the same way.
MEASURED_APART = ["apps/extracts/engine/backends/spark.py"]
FULLY_COVERED = ["apps/*/rules.py", "apps/*/field_rules.py", "apps/*/amendments.py", "apps/extracts/engine/*"]


def uncovered(data_file: str) -> str:
    """A table of what is not covered of the fully covered parts; empty when nothing is missing."""
    measured = coverage.Coverage(data_file=data_file)
    measured.load()
    table = StringIO()
    total = measured.report(
        include=FULLY_COVERED, omit=MEASURED_APART, show_missing=True, skip_covered=True, file=table
    )
    return "" if total == 100 else table.getvalue()
