"""The contenders of `make bench-extract`: each makes the same extract of the same source, alone in its process.

The engine pseudonymises, checks its source, hashes and verifies what it delivers, and can be killed at any moment. The
others are what an engineer writes by hand with each tool: the same population, filters, rows and columns, nothing
checked and nothing to be restarted. DuckDB and Polars copy: the identifiers of the source stay as they are. The pandas
script does what somebody who decides about an extract, or reads it, has of the engine: persons and claims have
pseudonyms, by HMAC-SHA-256; each file has its SHA-256; how exposed people are is counted (`pandas_risk.py`). It orders
nothing.
"""

import hashlib
import hmac
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from tests.benchmarks.pandas_risk import RISK, PandasRisk

CLAIM = [
    *("DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_TRT_DTD", "FLX_EMT_TYP", "FLX_EMT_NUM", "FLX_EMT_ORD"),
    *("ORG_CLE_NUM", "PRS_ORD_NUM", "REM_TYP_AFF"),
]
IDENTITY = ["BEN_NIR_PSA", "BEN_RNG_GEM"]
CARE = [
    *("EXE_SOI_DTD", "PRS_NAT_REF", "PRS_ACT_QTE", "PRS_PAI_MNT", "BSE_REM_MNT", "PSE_SPE_COD"),
    *("BEN_AMA_COD", "BEN_RES_DPT", "RGM_COD"),
]
DRUGS = ["PHA_PRS_C13", "PHA_ACT_QSN"]
FILTERS = ["DPN_QLF", "PRS_DPN_QLP", "CPL_MAJ_TOP"]
COHORTS: Mapping[str, tuple[str, ...]] = {"0.8 %": ("N03",), "10 %": ("C03", "C07", "N06"), "100 %": ()}
"""About how many of the people each population is, and the ATC classes that make it; none for everybody."""
Options = Any


def definition(cohort: str, first: int, last: int) -> dict[str, Any]:
    """What is asked for, as the engine reads it."""
    period = {"from": f"{first}-01-01", "to": f"{last}-12-31"}
    everybody = {"not": {"age": {"on": "2021-01-01", "min": 130}}}
    drugs = {"drug": {"atc": list(COHORTS[cohort]), "period": period}}
    return {
        "schema_version": 1,
        "title": f"bench {cohort}",
        "population": drugs if COHORTS[cohort] else everybody,
        "scope": {"tables": {"ER_PRS_F": CARE, "ER_PHA_F": DRUGS, "IR_BEN_R": ["BEN_SEX_COD"]}, "period": period},
    }


class NotInstalled(MetaPathFinder):
    """Pandas is here for its own script: the portal is installed without it, and Arrow loads it wherever it stands."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        """Refuse pandas, leave everything else to the others."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not a dependency of the portal", name=fullname)


def _engine(options: Options, ordered: bool) -> dict[str, Any]:
    sys.meta_path.insert(0, NotInstalled())
    from apps.extracts.engine.definition import Definition
    from apps.extracts.engine.pseudonyms import ProjectKey
    from apps.extracts.engine.run import EngineSettings, ExtractRun, run_all

    settings = EngineSettings(options.memory, options.threads, ordered)
    asked = Definition.from_json(definition(options.cohort, options.first, options.last))
    run = ExtractRun.open(asked, source=options.source, out=options.out, key=ProjectKey(bytes(32)), settings=settings)
    spent: dict[str, float] = defaultdict(float)
    started = time.process_time()

    def progress(report: Any, done: int, total: int) -> None:
        nonlocal started
        now = time.process_time()
        kind = report.unit.kind.value
        spent[f"{kind} {report.unit.table}".strip() if kind == "table" else kind] += now - started
        started = now

    run_all(run, progress)
    return {"units": len(run.units), "cpu_by_kind": {kind: round(cpu, 2) for kind, cpu in spent.items()}}


def engine(options: Options) -> dict[str, Any]:
    """The engine as it runs in the portal."""
    return _engine(options, ordered=True)


def engine_unordered(options: Options) -> dict[str, Any]:
    """The engine without the sort that makes a rerun identical."""
    return _engine(options, ordered=False)


def _months(options: Options) -> list[str]:
    return sorted(folder.name.partition("=")[2] for folder in (options.source / "ER_PRS_F").iterdir())


def _by_hand(options: Options, order: str) -> None:
    import duckdb

    source, out = options.source, options.out
    con = duckdb.connect(config={"memory_limit": options.memory, "threads": options.threads})
    con.execute(f"SET temp_directory = '{out}/spill'")

    def month(table: str, name: str) -> str:
        files = f"{source}/{table}/FLX_DIS_DTD={name}/*.parquet"
        return f"read_parquet('{files}', hive_types = {{'FLX_DIS_DTD': DATE}}) AS {table}"

    keys = ", ".join(CLAIM)
    kept = "coalesce(DPN_QLF, 0) <> 71 AND coalesce(PRS_DPN_QLP, 0) <> 71 AND coalesce(CPL_MAJ_TOP, 0) < 2"
    dated = f"EXE_SOI_DTD BETWEEN '{options.first}-01-01' AND '{options.last}-12-31'"
    con.execute(f"""CREATE TABLE people AS SELECT BEN_NIR_PSA, BEN_RNG_GEM, BEN_SEX_COD,
        coalesce('A' || BEN_NIR_ANO, 'P' || BEN_NIR_PSA || '|' || BEN_RNG_GEM) AS person
        FROM read_parquet('{source}/IR_BEN_R/*.parquet')""")
    con.execute("CREATE TABLE events (person VARCHAR, day DATE, code BIGINT, quantity BIGINT)")
    atc = " OR ".join(f"starts_with(PHA_ATC_CLA, '{code}')" for code in COHORTS[options.cohort])
    for name in _months(options) if atc else []:
        con.execute(f"""INSERT INTO events SELECT person, EXE_SOI_DTD, PHA_PRS_C13, sum(coalesce(PHA_ACT_QSN, 1))
            FROM {month("ER_PHA_F", name)} JOIN {month("ER_PRS_F", name)} USING ({keys})
            JOIN people USING (BEN_NIR_PSA, BEN_RNG_GEM)
            ANTI JOIN (FROM {month("ER_ETE_F", name)} WHERE ETE_IND_TAA = 1) t USING ({keys})
            WHERE PHA_PRS_C13 IN (SELECT PHA_CIP_C13 FROM read_parquet('{source}/IR_PHA_R/*.parquet') WHERE {atc})
            AND {kept} AND {dated} GROUP BY ALL""")
    chosen = "SELECT person FROM events GROUP BY person, day, code HAVING sum(quantity) > 0"
    chosen = chosen if atc else "SELECT person FROM people"
    con.execute(f"CREATE TABLE members AS FROM people WHERE person IN ({chosen})")

    def copy(query: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        con.execute(f"COPY ({query} {order}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")

    copy("SELECT person, BEN_SEX_COD FROM members", out / "IR_BEN_R" / "all.parquet")
    for name in _months(options):
        care = f"""{month("ER_PRS_F", name)} JOIN members USING (BEN_NIR_PSA, BEN_RNG_GEM)
            ANTI JOIN (FROM {month("ER_ETE_F", name)} WHERE ETE_IND_TAA = 1) t USING ({keys})
            WHERE {kept} AND {dated}"""
        con.execute(f"CREATE OR REPLACE TABLE claims AS SELECT person, {keys} FROM {care}")
        copy(f"SELECT person, {keys}, {', '.join(CARE)} FROM {care}", out / "ER_PRS_F" / f"{name}.parquet")
        copy(f"SELECT person, {keys}, {', '.join(DRUGS)} FROM {month('ER_PHA_F', name)} JOIN claims USING ({keys})",
             out / "ER_PHA_F" / f"{name}.parquet")  # fmt: skip


def duckdb_by_hand(options: Options) -> dict[str, Any]:
    """A DuckDB script, rows in the order in which they come: the floor."""
    _by_hand(options, "")
    return {}


def duckdb_by_hand_ordered(options: Options) -> dict[str, Any]:
    """The same script, every file sorted."""
    _by_hand(options, "ORDER BY ALL")
    return {}


class PolarsScript:
    """A Polars script: lazy frames, month by month."""

    def __init__(self, options: Options) -> None:
        import polars as pl

        self.pl, self.options, self.source, self.out = pl, options, options.source, options.out
        self.keys = [name for name in CLAIM if name != "FLX_DIS_DTD"]

    def month(self, table: str, name: str) -> Any:
        """A month of flux of a table."""
        return self.pl.scan_parquet(f"{self.source}/{table}/FLX_DIS_DTD={name}/*.parquet", hive_partitioning=False)

    def care(self, name: str) -> Any:
        """The care lines of the period that the filters keep."""
        pl, options = self.pl, self.options
        public = self.month("ER_ETE_F", name).filter(pl.col("ETE_IND_TAA") == 1).select(self.keys)
        return (
            self.month("ER_PRS_F", name)
            .filter(pl.col("EXE_SOI_DTD").is_between(date(options.first, 1, 1), date(options.last, 12, 31)))
            .filter((pl.col("DPN_QLF").fill_null(0) != 71) & (pl.col("PRS_DPN_QLP").fill_null(0) != 71))
            .filter(pl.col("CPL_MAJ_TOP").fill_null(0) < 2)
            .join(public, on=self.keys, how="anti")
        )

    def people(self) -> Any:
        """The identities of the cohort."""
        pl = self.pl
        own = pl.lit("P") + pl.col("BEN_NIR_PSA") + "|" + pl.col("BEN_RNG_GEM").cast(pl.String)
        known = (
            pl.scan_parquet(f"{self.source}/IR_BEN_R/*.parquet")
            .select(*IDENTITY, "BEN_SEX_COD", pl.coalesce(pl.lit("A") + pl.col("BEN_NIR_ANO"), own).alias("person"))
            .collect()
        )
        if not COHORTS[self.options.cohort]:
            return known
        summed = pl.concat([self.sums(name, known) for name in _months(self.options)])
        summed = summed.group_by("person", "EXE_SOI_DTD", "PHA_PRS_C13").agg(pl.col("PHA_ACT_QSN").sum())
        chosen = summed.filter(pl.col("PHA_ACT_QSN") > 0)["person"].unique()
        return known.filter(pl.col("person").is_in(chosen.to_list()))

    def sums(self, name: str, known: Any) -> Any:
        """The drugs of the cohort dispensed in a month, in signed numbers."""
        pl = self.pl
        drugs = pl.scan_parquet(f"{self.source}/IR_PHA_R/*.parquet")
        starts = (pl.col("PHA_ATC_CLA").str.starts_with(code) for code in COHORTS[self.options.cohort])
        codes = drugs.filter(pl.any_horizontal(*starts)).collect()["PHA_CIP_C13"].to_list()
        return (
            self.month("ER_PHA_F", name)
            .filter(pl.col("PHA_PRS_C13").is_in(codes))
            .join(self.care(name).select(*self.keys, *IDENTITY, "EXE_SOI_DTD"), on=self.keys)
            .join(known.lazy(), on=IDENTITY)
            .group_by("person", "EXE_SOI_DTD", "PHA_PRS_C13")
            .agg(pl.col("PHA_ACT_QSN").sum())
            .collect(engine="streaming")
        )

    def write(self, frame: Any, table: str, name: str) -> None:
        """One delivered file."""
        (self.out / table).mkdir(parents=True, exist_ok=True)
        frame.write_parquet(self.out / table / f"{name}.parquet", compression="zstd", row_group_size=122_880)

    def run(self) -> None:
        """The whole script."""
        people = self.people()
        self.write(people.select("person", "BEN_SEX_COD"), "IR_BEN_R", "all")
        members = people.select(*IDENTITY, "person")
        for name in _months(self.options):
            flux = self.pl.lit(date.fromisoformat(name)).alias("FLX_DIS_DTD")
            care = self.care(name).join(members.lazy(), on=IDENTITY).select("person", *self.keys, *CARE)
            lines = care.collect(engine="streaming").with_columns(flux)
            self.write(lines, "ER_PRS_F", name)
            details = self.month("ER_PHA_F", name).join(lines.lazy().select("person", *self.keys), on=self.keys)
            drugs = details.select("person", *self.keys, *DRUGS).collect(engine="streaming")
            self.write(drugs.with_columns(flux), "ER_PHA_F", name)


def polars_script(options: Options) -> dict[str, Any]:
    """A Polars script: lazy frames, month by month."""
    PolarsScript(options).run()
    return {}


class PandasScript:
    """A pandas script, month by month, reading only the columns it needs; persons and claims get pseudonyms."""

    def __init__(self, options: Options) -> None:
        import pandas as pd

        self.pd, self.options, self.source, self.out = pd, options, options.source, options.out
        self.keys = [name for name in CLAIM if name != "FLX_DIS_DTD"]
        self.hashes: dict[str, str] = {}

    def month(self, table: str, name: str, columns: list[str]) -> Any:
        """A month of flux of a table."""
        files = sorted((self.source / table / f"FLX_DIS_DTD={name}").iterdir())
        return self.pd.concat([self.pd.read_parquet(file, columns=columns, partitioning=None) for file in files])

    def care(self, name: str, columns: list[str]) -> Any:
        """The care lines of the period that the filters keep."""
        wanted = list(dict.fromkeys([*self.keys, *IDENTITY, "EXE_SOI_DTD", *FILTERS, *columns]))
        found = self.month("ER_PRS_F", name, wanted)
        found = found[found.EXE_SOI_DTD.between(date(self.options.first, 1, 1), date(self.options.last, 12, 31))]
        found = found[(found.DPN_QLF.fillna(0) != 71) & (found.PRS_DPN_QLP.fillna(0) != 71)]
        found = found[found.CPL_MAJ_TOP.fillna(0) < 2]
        public = self.month("ER_ETE_F", name, [*self.keys, "ETE_IND_TAA"])
        public = public[public.ETE_IND_TAA == 1][self.keys].drop_duplicates()
        found = found.merge(public, on=self.keys, how="left", indicator=True)
        return found[found["_merge"] == "left_only"].drop(columns="_merge")

    def people(self) -> Any:
        """The identities of the cohort."""
        people = self.pd.read_parquet(self.source / "IR_BEN_R", columns=[*IDENTITY, "BEN_NIR_ANO", "BEN_SEX_COD"])
        own = "P" + people.BEN_NIR_PSA + "|" + people.BEN_RNG_GEM.astype(str)
        named = ("A" + people.BEN_NIR_ANO).where(people.BEN_NIR_ANO.notna(), own)
        people["person"] = self.pseudonyms("person", named)
        people["who"] = self.pd.factorize(people.person)[0].astype("int32")
        if not COHORTS[self.options.cohort]:
            return people
        summed = self.pd.concat([self.sums(name, people) for name in _months(self.options)])
        summed = summed.groupby(["person", "EXE_SOI_DTD", "PHA_PRS_C13"], as_index=False).PHA_ACT_QSN.sum()
        return people[people.person.isin(summed[summed.PHA_ACT_QSN > 0].person)]

    def sums(self, name: str, people: Any) -> Any:
        """The drugs of the cohort dispensed in a month, in signed numbers."""
        products = self.pd.read_parquet(self.source / "IR_PHA_R", columns=["PHA_CIP_C13", "PHA_ATC_CLA"])
        codes = products[products.PHA_ATC_CLA.str.startswith(COHORTS[self.options.cohort])].PHA_CIP_C13
        drugs = self.month("ER_PHA_F", name, [*self.keys, *DRUGS])
        dated = drugs[drugs.PHA_PRS_C13.isin(codes)].merge(self.care(name, []), on=self.keys).merge(people, on=IDENTITY)
        return dated.groupby(["person", "EXE_SOI_DTD", "PHA_PRS_C13"], as_index=False).PHA_ACT_QSN.sum()

    def write(self, frame: Any, table: str, name: str) -> None:
        """One delivered file."""
        (self.out / table).mkdir(parents=True, exist_ok=True)
        file = self.out / table / f"{name}.parquet"
        frame.to_parquet(file, compression="zstd", row_group_size=122_880, index=False)
        with file.open("rb") as stream:
            self.hashes[f"{table}/{file.name}"] = hashlib.file_digest(stream, "sha256").hexdigest()

    def run(self) -> dict[str, Any]:
        """The whole script; tells what it took without the risk, since other scripts measure none."""
        risk = {table: PandasRisk(*asked) for table, asked in RISK.items()}
        people = self.people()
        self.write(people[["person", "BEN_SEX_COD"]], "IR_BEN_R", "all")
        risk["IR_BEN_R"].add(people)
        for name in _months(self.options):
            lines = self.care(name, CARE).merge(people[[*IDENTITY, "person", "who"]], on=IDENTITY)
            lines["claim"] = self.pseudonyms(name, *(lines[key] for key in self.keys))
            self.write(lines[["person", "claim", *CARE]], "ER_PRS_F", name)
            drugs = self.month("ER_PHA_F", name, [*self.keys, *DRUGS])
            joined = drugs.merge(lines[["person", "claim", *self.keys]], on=self.keys)
            self.write(joined[["person", "claim", *DRUGS]], "ER_PHA_F", name)
            risk["ER_PRS_F"].add(lines.assign(EXE_SOI_DTD=self.pd.to_datetime(lines.EXE_SOI_DTD)))
        peak = _peak()
        (self.out / "risk.json").write_text(json.dumps({table: counts.found() for table, counts in risk.items()}))
        (self.out / "hashes.json").write_text(json.dumps(self.hashes))
        return {"risk_cpu_s": sum(counts.seconds for counts in risk.values()), "peak_before_risk_mb": peak}

    def pseudonyms(self, kind: str, *columns: Any) -> list[str]:
        """One for each row, of all its columns, and of a key that only this script would know."""
        return [
            hmac.digest(bytes(32), "|".join([kind, *map(str, row)]).encode(), "sha256").hex()[:32]
            for row in zip(*columns, strict=True)
        ]


def pandas_script(options: Options) -> dict[str, Any]:
    """A pandas script, month by month, reading only the columns it needs; its peak before the risk is told as well."""
    return PandasScript(options).run()


CONTENDERS: Mapping[str, Callable[[Options], dict[str, Any]]] = {
    "engine": engine,
    "engine unordered": engine_unordered,
    "duckdb": duckdb_by_hand,
    "duckdb ordered": duckdb_by_hand_ordered,
    "polars": polars_script,
    "pandas": pandas_script,
}


def main(arguments: list[str]) -> None:
    """Run the contender that the JSON on the command line designates; print what it has to say."""
    from types import SimpleNamespace

    given = json.loads(arguments[0])
    options = SimpleNamespace(**{**given, "source": Path(given["source"]), "out": Path(given["out"])})
    said = CONTENDERS[options.contender](options)
    print(json.dumps({**said, "peak": _peak()}))


def _peak() -> float:
    """The most memory this process held, in MB: what the system tells the parent counts the parent's own as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
