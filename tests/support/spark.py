"""A Spark of the tests' own: on loopback, quick to start and on tables of a few rows, writing down all it does."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

OPTIONS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
}


@cache
def prepare() -> None:
    """Say so where a cluster's options are read from, before the first session of this process starts."""
    home = Path(tempfile.mkdtemp(prefix="hdh-spark-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "events").mkdir()
    options = {**OPTIONS, "spark.eventLog.dir": f"file://{home}/events", "spark.local.dir": str(home)}
    (home / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    os.environ["SPARK_CONF_DIR"] = str(home)


def event_log() -> str:
    """All that Spark wrote down so far: every plan, statement, option and environment variable it knows."""
    logs = (Path(os.environ["SPARK_CONF_DIR"]) / "events").rglob("*")
    return "".join(log.read_text(errors="replace") for log in logs if log.is_file())
