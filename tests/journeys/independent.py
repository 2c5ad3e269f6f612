"""What a sceptic recomputes: the journey's cohort in hand-written SQL over the raw Parquet, without the engine."""

import re
from pathlib import Path

import duckdb

DEFINITION_TITLE = "Diabète de type 2 après 40 ans"
PERIOD = ("2022-01-01", "2024-12-31")
SCOPE = {
    "ER_PHA_F": ["PHA_ACT_QSN", "PHA_PRS_C13"],
    "ER_PRS_F": ["BEN_SEX_COD", "PRS_NAT_REF"],
    "IR_BEN_R": ["BEN_RES_DPT", "BEN_SEX_COD"],
    "T_MCOaaB": ["DGN_PAL", "GRG_GHM"],
}

COHORT = """
WITH beneficiary AS (
    SELECT BEN_NIR_PSA AS psa, BEN_RNG_GEM AS rng, BEN_DTE_MAJ AS updated, BEN_NAI_ANN AS year, BEN_NAI_MOI AS month,
           BEN_RES_DPT AS department,
           CASE WHEN BEN_NIR_ANO IS NOT NULL AND BEN_NIR_ANO <> '' THEN 'ano:' || BEN_NIR_ANO
                ELSE 'psa:' || BEN_NIR_PSA || '/' || BEN_RNG_GEM END AS who
    FROM read_parquet('{source}/IR_BEN_R/*.parquet')
),
shared AS (SELECT psa FROM beneficiary GROUP BY psa HAVING count(DISTINCT who) > 1),
one_row AS (
    SELECT who, arg_max(year, (updated, psa, rng)) AS year, arg_max(month, (updated, psa, rng)) AS month,
           arg_max(department, (updated, psa, rng)) AS department
    FROM beneficiary GROUP BY who
),
linkage AS (SELECT *, regexp_extract(filename, 'T_MCO([0-9]{{2}})C', 1) AS yy
            FROM read_parquet('{source}/T_MCO*C/*.parquet', union_by_name=true, filename=true)),
described AS (SELECT *, regexp_extract(filename, 'T_MCO([0-9]{{2}})B', 1) AS yy
              FROM read_parquet('{source}/T_MCO*B/*.parquet', union_by_name=true, filename=true)),
associated AS (SELECT *, regexp_extract(filename, 'T_MCO([0-9]{{2}})D', 1) AS yy
               FROM read_parquet('{source}/T_MCO*D/*.parquet', union_by_name=true, filename=true)),
stay AS (
    SELECT c.NIR_ANO_17 AS psa, c.yy, c.ETA_NUM AS eta, c.RSA_NUM AS rsa, b.DGN_PAL AS dp, b.DGN_REL AS dr
    FROM linkage c JOIN described b USING (yy, ETA_NUM, RSA_NUM)
    WHERE c.EXE_SOI_DTD BETWEEN DATE '{first}' AND DATE '{last}'
      AND b.GRG_GHM NOT LIKE '90%'
      AND coalesce(c.NIR_RET, '0') = '0' AND coalesce(c.NAI_RET, '0') = '0' AND coalesce(c.SEX_RET, '0') = '0'
      AND coalesce(c.SEJ_RET, '0') = '0' AND coalesce(c.FHO_RET, '0') = '0' AND coalesce(c.PMS_RET, '0') = '0'
      AND coalesce(c.DAT_RET, '0') = '0' AND coalesce(c.COH_NAI_RET, '0') = '0' AND coalesce(c.COH_SEX_RET, '0') = '0'
      AND c.NIR_ANO_17 NOT IN (SELECT psa FROM shared)
),
in_hospital AS (
    SELECT DISTINCT who FROM stay JOIN beneficiary USING (psa)
    WHERE dp LIKE 'E11%' OR dr LIKE 'E11%'
       OR (yy, eta, rsa) IN (SELECT (yy, ETA_NUM, RSA_NUM) FROM associated WHERE ASS_DGN LIKE 'E11%')
),
long_term AS (
    SELECT DISTINCT who FROM read_parquet('{source}/IR_IMB_R/*.parquet') i
    JOIN beneficiary b ON i.BEN_NIR_PSA = b.psa AND i.BEN_RNG_GEM = b.rng
    WHERE i.MED_MTF_COD LIKE 'E11%' AND coalesce(i.IMB_ETM_NAT, 0) NOT IN (11, 12, 13)
      AND i.IMB_ALD_DTD <= DATE '{last}' AND coalesce(i.IMB_ALD_DTF, DATE '9999-12-31') >= DATE '{first}'
),
care AS (
    SELECT * FROM read_parquet('{source}/ER_PRS_F/*/*.parquet', hive_partitioning=true)
    WHERE EXE_SOI_DTD BETWEEN DATE '{first}' AND DATE '{last}'
      AND coalesce(DPN_QLF, 0) <> 71 AND coalesce(PRS_DPN_QLP, 0) <> 71 AND coalesce(CPL_MAJ_TOP, 0) < 2
),
in_public_hospital AS (
    SELECT {line} FROM read_parquet('{source}/ER_ETE_F/*/*.parquet', hive_partitioning=true) WHERE ETE_IND_TAA = 1
),
handed_out AS (
    SELECT who, care.EXE_SOI_DTD AS day FROM read_parquet('{source}/ER_PHA_F/*/*.parquet', hive_partitioning=true) p
    JOIN read_parquet('{source}/IR_PHA_R/*.parquet') r ON p.PHA_PRS_C13 = r.PHA_CIP_C13
    JOIN care USING ({line})
    JOIN beneficiary b ON care.BEN_NIR_PSA = b.psa AND care.BEN_RNG_GEM = b.rng
    WHERE r.PHA_ATC_CLA LIKE 'A10%' AND ({line}) NOT IN (SELECT ({line}) FROM in_public_hospital)
    GROUP BY who, day, p.PHA_PRS_C13 HAVING sum(coalesce(p.PHA_ACT_QSN, care.PRS_ACT_QTE, 1)) > 0
),
dispensed AS (SELECT who FROM handed_out GROUP BY who HAVING count(DISTINCT day) >= 3)
SELECT who FROM one_row
WHERE (who IN (SELECT who FROM in_hospital) OR who IN (SELECT who FROM long_term) OR who IN (SELECT who FROM dispensed))
  AND 2024 - CAST(year AS INTEGER) >= 40
  AND department NOT IN ('02A', '02B', '020', '201', '202', '209')
"""

CARE_LINE = (
    "DCT_ORD_NUM, FLX_DIS_DTD, FLX_TRT_DTD, FLX_EMT_TYP, FLX_EMT_NUM, "
    "FLX_EMT_ORD, ORG_CLE_NUM, PRS_ORD_NUM, REM_TYP_AFF"
)


def cohort(source: Path) -> int:
    """How many people the hand-written SQL finds."""
    query = COHORT.format(source=source, line=CARE_LINE, first=PERIOD[0], last=PERIOD[1])
    with duckdb.connect() as connection:
        return len(connection.execute(query).fetchall())


IDENTIFIERS = {
    "IR_BEN_R/*.parquet": ("BEN_NIR_PSA", "BEN_NIR_ANO", "BEN_IDT_ANO"),
    "T_MCO*C/*.parquet": ("NIR_ANO_17", "ETA_NUM"),
    "ER_PRS_F/*/*.parquet": ("FLX_EMT_NUM", "DCT_ORD_NUM", "PFS_EXE_NUM", "PFS_PRE_NUM", "ETB_PRE_FIN"),
}
PSEUDONYMS = {
    "ER_PHA_F": {"CLAIM_ID", "PATIENT_ID"},
    "ER_PRS_F": {"CLAIM_ID", "PATIENT_ID"},
    "IR_BEN_R": {"PATIENT_ID"},
    "T_MCOaaB": {"PATIENT_ID", "STAY_ID"},
}
LONG_ENOUGH = 8  # shorter values, such as small counters, stand everywhere by chance


def identifiers(source: Path) -> frozenset[str]:
    """Every identifier of the source that is long enough not to be met by chance."""
    found: set[str] = set()
    with duckdb.connect() as connection:
        for files, columns in IDENTIFIERS.items():
            table = f"read_parquet('{source}/{files}', union_by_name=true, hive_partitioning=false)"
            held = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}
            for column in held.intersection(columns):
                values = connection.execute(f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {table}").fetchall()
                found |= {value for (value,) in values if value and len(value) >= LONG_ENOUGH}
    return frozenset(found)


def leaked_values(delivery: Path, forbidden: frozenset[str]) -> list[str]:
    """Values of the delivery's tables that are identifiers of the source, as "file column"; empty when all is well."""
    leaks = []
    with duckdb.connect() as connection:
        for file in sorted(delivery.rglob("*.parquet")):
            columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
            for column, *_ in columns:
                values = connection.execute(
                    f"SELECT DISTINCT CAST(\"{column}\" AS VARCHAR) FROM read_parquet('{file}')"
                ).fetchall()
                if any(value in forbidden for (value,) in values):
                    leaks.append(f"{file.name} {column}")
    return leaks


def leaked_text(files: list[Path], forbidden: frozenset[str]) -> list[str]:
    """Text files (logs, manifests) in which an identifier of the source stands as a word."""
    word = re.compile(r"[A-Za-z0-9_-]{8,}")
    return [str(file) for file in files if forbidden.intersection(word.findall(file.read_text(errors="replace")))]


def columns_expected() -> dict[str, set[str]]:
    """The columns of each table that were approved, with the pseudonyms that always come."""
    return {table: {*columns, *PSEUDONYMS[table]} for table, columns in SCOPE.items()}


def columns_delivered(delivery: Path) -> dict[str, set[str]]:
    """The columns that the files of each table really hold."""
    found: dict[str, set[str]] = {}
    with duckdb.connect() as connection:
        for file in delivery.rglob("*.parquet"):
            described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
            found.setdefault(file.relative_to(delivery).parts[0], set()).update(name for name, *_ in described)
    return found
