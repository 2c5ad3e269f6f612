"""`make bench-extract`: the engine against scripts written by hand, on the same synthetic copy, row for row.

Each measure is a fresh process; every round measures every contender on every case, so that a noisy moment hits them
all, and a ratio is the median of those of the rounds. The first round compares what is delivered, and how exposed
people are in it by two independent counts. Growth is measured apart: rows grow with the years of care (the people stay
the same), as in the SNDS itself. Data are made once and kept in var/bench. The last line printed is the result in JSON,
kept as var/bench/extract.json as well.

By default 52 million care lines of 680,000 people and four years: months of a million lines, since those of the country
have a hundred million. A round lasts some 30 minutes on a machine that does nothing else; five of them are the figures
that count. What was measured is kept: a bench that was stopped, or that reached `--minutes`, goes on where it was, as
long as neither code nor options change. `--people 160000 --years 2` shows what a change does, on 6 million lines.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.common import REPOSITORY, RESULTS, bar, keep
from tests.benchmarks.extract_contenders import CARE, COHORTS, CONTENDERS, DRUGS

FIRST_YEAR = 2018
SEED = 1
USUAL_COHORT = "10 %"
MEASURES = RESULTS / "extract-measures.jsonl"
MEASURED = ("apps/extracts/engine", "tests/benchmarks", "uv.lock")
"""What measures are of: another engine, another script or other libraries are measured anew."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: how many people, years of care, and which cohort."""

    people: int
    years: int
    cohort: str

    @property
    def name(self) -> str:
        """As in the result."""
        return f"{self.people} people, {self.years} y, {self.cohort}"


@dataclass(frozen=True, slots=True)
class Measure:
    """One run of one contender: seconds of processor, peak memory in MB, what it said.

    ``delivered`` and ``exposed`` tell the rows it delivered and the risk it measured, where they are compared.
    """

    cpu: float
    peak: float
    said: dict[str, Any]
    delivered: str = ""
    exposed: str = ""


def source_of(case: Case) -> Path:
    """The synthetic copy of so many people and years, made unless it stands."""
    folder = RESULTS / f"snds-{case.people}-{case.years}-{SEED}"
    if not folder.exists():
        asked = ["--people", case.people, "--first-year", FIRST_YEAR, "--last-year", FIRST_YEAR + case.years - 1]
        command = [sys.executable, "manage.py", "synthetic_snds", *asked, "--seed", SEED, "--out", folder]
        subprocess.run([*map(str, command), "--processes", str(os.cpu_count())], cwd=REPOSITORY, check=True)
    return folder


def run(contender: str, case: Case, options: argparse.Namespace, compared: bool) -> Measure:
    """One contender in a process of its own; its delivery is described where it is to be compared, then removed."""
    out = RESULTS / "out"
    shutil.rmtree(out, ignore_errors=True)
    given = {
        "contender": contender,
        "cohort": case.cohort,
        "source": str(source_of(case)),
        "out": str(out),
        "first": FIRST_YEAR,
        "last": FIRST_YEAR + case.years - 1,
        "memory": options.memory,
        "threads": options.threads,
    }
    environment = {**os.environ, "POLARS_MAX_THREADS": str(options.threads), "OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, "-m", "tests.benchmarks.extract_contenders", json.dumps(given)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = json.loads(process.stdout.read() or "{}")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{contender} failed on {case.name}")
    told = (described(out, contender), exposed(out)) if compared else ()
    shutil.rmtree(out)
    return Measure(used.ru_utime + used.ru_stime, said.pop("peak"), said, *told)


def exposed(out: Path) -> str:
    """How exposed people are in a delivery by its own count, as the engine tells it; empty without such a count."""
    if (manifest := out / "manifest.json").exists():
        risk = json.loads(manifest.read_text())["risk"]
        return json.dumps({table: [one["after"] for one in risk[table]["sets"]] for table in risk}, sort_keys=True)
    counts = out / "risk.json"
    return json.dumps(json.loads(counts.read_text()), sort_keys=True) if counts.exists() else ""


def described(out: Path, contender: str) -> str:
    """What tells whether two deliveries hold the same rows: numbers, sums over the columns, and how the tables join."""
    import duckdb

    person, claim = ("PATIENT_ID", "CLAIM_ID") if contender.startswith("engine") else ("person", "claim")
    keys = "DCT_ORD_NUM, FLX_DIS_DTD, FLX_TRT_DTD, FLX_EMT_NUM, FLX_EMT_ORD, ORG_CLE_NUM, PRS_ORD_NUM"
    computed = (
        ""
        if contender.startswith(("engine", "pandas"))
        else f", md5({keys.join(('concat_ws(chr(31), ', ')'))}) AS claim"
    )

    def table(name: str) -> str:
        return f"(SELECT *{computed if name != 'IR_BEN_R' else ''} FROM read_parquet('{out}/{name}/*.parquet'))"

    def digest(columns: list[str]) -> str:
        return f"sum(hash({', '.join(f'CAST({name} AS VARCHAR)' for name in columns)})::HUGEINT)"

    with duckdb.connect() as connection:
        found = connection.execute(f"""SELECT
            (SELECT (count(*), count(DISTINCT {person}), count(DISTINCT {claim}), {digest(CARE)})
             FROM {table("ER_PRS_F")}),
            (SELECT (count(*), count(DISTINCT {claim}), {digest(DRUGS)}) FROM {table("ER_PHA_F")}),
            (SELECT count(*) FROM {table("ER_PHA_F")} JOIN {table("ER_PRS_F")} USING ({claim}, {person})),
            (SELECT (count(*), count(DISTINCT {person}), sum(BEN_SEX_COD)) FROM {table("IR_BEN_R")})""").fetchone()
    return json.dumps(found)


def cases(options: argparse.Namespace) -> Iterator[tuple[Case, list[str]]]:
    """Every cohort with every contender; then the usual cohort on copies of more and more years with the engine."""
    for cohort in COHORTS:
        yield Case(options.people, options.years, cohort), list(CONTENDERS)
    for case in (_grown(options, years) for years in options.growth):
        if case != Case(options.people, options.years, USUAL_COHORT):
            yield case, ["engine"]


def _grown(options: argparse.Namespace, years: int) -> Case:
    return Case(options.growth_people, years, USUAL_COHORT)


def measured(options: argparse.Namespace) -> dict[str, dict[str, list[Measure]]]:
    """Every measure, by case and contender. Stops when two contenders do not deliver the same rows."""
    asked = list(cases(options))
    for case, _ in asked:
        source_of(case)
    results: dict[str, dict[str, list[Measure]]] = {case.name: {name: [] for name in names} for case, names in asked}
    steps = [(done, case, name) for done in range(options.repeats) for case, names in asked for name in names]
    known, ends = kept_measures(options), time.monotonic() + options.minutes * 60
    for place, (done, case, name) in enumerate(steps):
        if place == len(known):
            if time.monotonic() > ends:
                print(f"stopped at {place} of {len(steps)} measures: the same command goes on", file=sys.stderr)
                break
            known.append(run(name, case, options, compared=done == 0))
            with MEASURES.open("a") as stream:
                stream.write(json.dumps(asdict(known[place])) + "\n")
        found = known[place]
        results[case.name][name].append(found)
        print(f"{case.name}: {name} {found.cpu:.1f} s, {found.peak:.0f} MB", file=sys.stderr, flush=True)
        if done == 0:
            _compare(case, results[case.name])
    return results


def kept_measures(options: argparse.Namespace) -> list[Measure]:
    """What was measured before of the same code with the same options, in the order of the rounds."""
    digest = hashlib.sha256(str([options.people, options.years, options.memory, options.threads]).encode())
    digest.update(str([options.growth_people, options.growth]).encode())
    for place in MEASURED:
        files = [REPOSITORY / place] if (REPOSITORY / place).is_file() else sorted((REPOSITORY / place).rglob("*.py"))
        for file in files:
            digest.update(file.read_bytes())
    first, *lines = (MEASURES.read_text() if MEASURES.exists() else "").splitlines() or [""]
    if first != digest.hexdigest():
        MEASURES.write_text(digest.hexdigest() + "\n")
        return []
    return [Measure(**json.loads(line)) for line in lines]


def _compare(case: Case, measures: dict[str, list[Measure]]) -> None:
    firsts = {name: of[0] for name, of in measures.items() if of}
    delivered = {name: one.delivered for name, one in firsts.items()}
    counted = {name: one.exposed for name, one in firsts.items() if one.exposed}
    for told in (delivered, counted):
        if len(set(told.values())) > 1:
            raise SystemExit(f"{case.name}: the contenders do not come to the same: {told}")


def summary(measures: list[Measure]) -> dict[str, Any]:
    """Median and range of one contender in one case."""
    cpu, peak = [one.cpu for one in measures], [one.peak for one in measures]
    return {
        "cpu_s": round(statistics.median(cpu), 2),
        "cpu_range": [round(min(cpu), 2), round(max(cpu), 2)],
        "peak_mb": round(statistics.median(peak)),
        "peak_range": [round(min(peak)), round(max(peak))],
        "repeats": len(measures),
        **measures[-1].said,
    }


def bars(results: dict[str, dict[str, list[Measure]]], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What was measured beside what it has to be."""
    made = []
    for cohort in COHORTS:
        case = results[Case(options.people, options.years, cohort).name]
        engine, unordered, floor, pandas = (case[name] for name in ("engine", "engine unordered", "duckdb", "pandas"))
        memory = statistics.median(one.peak for one in engine) / _megabytes(options.memory)
        made += [
            bar(f"unordered / DuckDB by hand, {cohort}", _ratio(unordered, floor), 1.25, "x CPU", at_most=True),
            bar(f"ordered / DuckDB by hand, {cohort}", _ratio(engine, floor), 1.40, "x CPU", at_most=True),
            bar(f"pandas / engine, {cohort}", _ratio(pandas, engine), 3, "x CPU"),
            bar(f"pandas / engine, {cohort}, memory", _ratio(pandas, engine, "peak"), 4, "x memory"),
            bar(f"peak / limit, {cohort}", memory, 2, "x", at_most=True),
        ]
    return made + _growth({years: results[_grown(options, years).name]["engine"] for years in options.growth})


def _growth(engine: dict[int, list[Measure]]) -> list[dict[str, Any]]:
    """How processor time and memory grow from the smallest copy to each of the others."""
    first, *others = engine
    made = []
    for years in others:
        times, large = years / first, engine[years]
        cpu, memory = _ratio(large, engine[first]), _ratio(large, engine[first], "peak")
        made.append(bar(f"processor, rows x {times:g}", cpu, times, "x CPU", at_most=True))
        made.append(bar(f"memory, rows x {times:g}", memory, 1.15, "x memory", at_most=True))
    return made


def _ratio(some: list[Measure], others: list[Measure], of: str = "cpu") -> float:
    """The median of the ratios of the rounds, for what two contenders took of processor or memory."""
    rounds = zip(some, others, strict=False)
    return statistics.median(getattr(one, of) / getattr(other, of) for one, other in rounds)


def _megabytes(limit: str) -> float:
    number = float(limit.rstrip("GMB"))
    return number * 1000 if limit.endswith("GB") else number


def main() -> int:
    """Measure, print, keep; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=680_000)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--growth-people", type=int, default=60_000)
    parser.add_argument("--growth", type=lambda text: [int(years) for years in text.split(",")], default=[1, 4, 16])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=240, help="no further measure is begun after that")
    parser.add_argument("--memory", default="512MB", help="the limit given to the engine and to DuckDB by hand")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = measured(options)
    if not all(measures for of in results.values() for measures in of.values()):
        raise SystemExit("The first round is not over: the same command goes on with it.")
    found = {case: {name: summary(measures) for name, measures in of.items()} for case, of in results.items()}
    firsts = {case: of["engine"][0] for case, of in results.items()}
    told = {case: {"delivered": one.delivered, "exposed": one.exposed} for case, one in firsts.items()}
    return keep("extract", bars(results, options), {"options": vars(options), "cases": found, "compared": told})


if __name__ == "__main__":
    sys.exit(main())
