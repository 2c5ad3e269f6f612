"""What the invented people suffer from, take and undergo: orders of magnitude only."""

from dataclasses import dataclass

AGE_BANDS = ((0, 0.108), (10, 0.121), (20, 0.116), (30, 0.121), (40, 0.126), (50, 0.130), (60, 0.120), (70, 0.098),
             (80, 0.046), (90, 0.014))  # fmt: skip
"""First age of each ten-year band and its share of the population."""

DEPARTMENT_WEIGHTS = """
001:660 002:526 003:333 004:165 005:141 006:1100 007:330 008:267 009:154 010:311 011:377 012:279 013:2048 014:695
015:144 016:351 017:660 018:299 019:240 021:534 022:602 023:115 024:412 025:547 026:520 027:598 028:430 029:918
02A:162 02B:184 030:753 031:1435 032:191 033:1655 034:1200 035:1100 036:217 037:612 038:1278 039:258 040:420 041:328
042:768 043:228 044:1457 045:684 046:174 047:331 048:76 049:821 050:494 051:563 052:170 053:305 054:731 055:180
056:769 057:1047 058:202 059:2607 060:830 061:276 062:1460 063:665 064:693 065:230 066:485 067:1150 068:768 069:1900
070:233 071:548 072:564 073:440 074:840 075:2130 076:1254 077:1440 078:1455 079:374 080:566 081:393 082:263 083:1090
084:563 085:695 086:440 087:370 088:360 089:333 090:139 091:1310 092:1630 093:1670 094:1415 095:1260 971:380 972:360
973:290 974:870 976:290
"""
"""Department of residence and its inhabitants in thousands, rounded."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A chronic condition: its share at each decade of age, codes, treatment, and what it adds to hospital life."""

    name: str
    shares: tuple[float, ...]
    diagnoses: tuple[str, ...]
    drugs: tuple[str, ...]
    treated: float
    ald_number: int
    ald_share: float
    stays_a_year: float
    stay_diagnoses: tuple[str, ...]


CONDITIONS = (
    Condition("type 2 diabetes", (0, 0, 0.004, 0.015, 0.045, 0.10, 0.16, 0.21, 0.19, 0.15),
              ("E119", "E112", "E113", "E118"), ("A10BA02", "A10BB09", "A10BH01", "A10AE04"), 0.92, 8, 0.82, 0.10,
              ("E110", "E115", "E118", "L97")),
    Condition("type 1 diabetes", (0.002, 0.004, 0.004, 0.004, 0.004, 0.004, 0.003, 0.002, 0.001, 0.001),
              ("E109",), ("A10AB05", "A10AE04"), 0.99, 8, 0.96, 0.12, ("E101",)),
    Condition("hypertension", (0, 0, 0.01, 0.03, 0.09, 0.20, 0.36, 0.52, 0.60, 0.58),
              ("I10",), ("C09AA05", "C08CA01", "C09CA06", "C03AA03", "C07AB07"), 0.85, 12, 0.02, 0.02, ("I10",)),
    Condition("heart failure", (0, 0, 0, 0.001, 0.004, 0.01, 0.03, 0.07, 0.15, 0.22),
              ("I509", "I500"), ("C03CA01", "C07AB07", "C09AA04"), 0.90, 5, 0.70, 0.45, ("I500", "I509")),
    Condition("atrial fibrillation", (0, 0, 0, 0.001, 0.004, 0.012, 0.04, 0.09, 0.17, 0.21),
              ("I48",), ("B01AF02", "B01AA03"), 0.85, 5, 0.55, 0.12, ("I48", "I639")),
    Condition("coronary disease", (0, 0, 0, 0.003, 0.012, 0.035, 0.07, 0.11, 0.14, 0.15),
              ("I251", "I209"), ("B01AC06", "C10AA05", "C10AA07"), 0.92, 13, 0.72, 0.18,
              ("I210", "I219", "I209", "I251")),
    Condition("asthma or COPD", (0.05, 0.07, 0.05, 0.05, 0.06, 0.07, 0.09, 0.11, 0.10, 0.08),
              ("J459", "J449"), ("R03AC02", "R03AK07"), 0.75, 14, 0.10, 0.08, ("J440", "J449", "J961")),
    Condition("depression", (0, 0.01, 0.04, 0.05, 0.06, 0.07, 0.07, 0.07, 0.08, 0.08),
              ("F329",), ("N06AB06", "N06AB10", "N05BA12"), 0.80, 23, 0.15, 0.04, ("F329",)),
    Condition("breast cancer", (0, 0, 0.0005, 0.003, 0.012, 0.022, 0.03, 0.033, 0.03, 0.02),
              ("C509", "C504"), ("L02BG03",), 0.60, 30, 0.95, 0.60, ("C509", "C504", "Z511", "C787")),
    Condition("kidney disease", (0, 0, 0.001, 0.002, 0.004, 0.01, 0.02, 0.04, 0.07, 0.08),
              ("N184", "N185"), ("C03CA01",), 0.50, 19, 0.60, 0.80, ("N185", "Z491")),
    Condition("dementia", (0, 0, 0, 0, 0, 0.001, 0.01, 0.05, 0.16, 0.28),
              ("G309", "F00"), ("N05AX08",), 0.15, 15, 0.65, 0.12, ("F00", "G309", "S720")),
    Condition("thyroid disorder", (0.001, 0.004, 0.015, 0.03, 0.045, 0.06, 0.08, 0.09, 0.10, 0.09),
              ("E039",), ("H03AA01",), 0.95, 0, 0, 0.0, ("E039",)),
    Condition("epilepsy", (0.005, 0.006, 0.006, 0.006, 0.007, 0.008, 0.009, 0.011, 0.014, 0.015),
              ("G409",), ("N03AX14",), 0.90, 9, 0.60, 0.10, ("G409",)),
    Condition("Parkinson’s disease", (0, 0, 0, 0, 0.0005, 0.002, 0.006, 0.015, 0.025, 0.025),
              ("G20",), ("N04BA02",), 0.95, 16, 0.85, 0.15, ("G20", "S720")),
)  # fmt: skip

WOMEN_ONLY = frozenset({"breast cancer"})

ORDINARY_DRUGS = ("N02BE01", "M01AE01", "J01CA04", "J01CR02", "A02BC01", "A02BC05", "N05BA12", "R03AC02")
ORDINARY_ACTS = ("DEQP003", "ZBQK002", "ZCQM008", "EBQM001", "GLQP002", "HLQM001", "QZFA036", "ACQN001", "AAQP007")

ORDINARY_STAYS = (
    ("K409", 2, 0), ("K802", 3, 0), ("K358", 3, 0), ("H251", 6, 50), ("M169", 3, 55), ("M179", 3, 55), ("S720", 2, 70),
    ("J189", 3, 0), ("N390", 2, 0), ("A090", 2, 0), ("R074", 3, 20), ("R55", 2, 0), ("S060", 2, 0), ("C189", 2, 50),
    ("C349", 2, 45), ("C61", 2, 55), ("I639", 2, 55), ("A419", 1, 0), ("D509", 1, 0), ("E86", 1, 65),
)  # fmt: skip
"""Principal diagnosis of an ordinary stay, its weight, the age from which it occurs."""

ACTS_OF_STAYS = {
    "H251": "BFGA427", "K802": "HMFC004", "K358": "HHFA001", "M169": "NEKA020", "M179": "NFKA007", "S720": "NBCA010",
    "I210": "DDAF006", "I219": "DDAF006", "I209": "DDQH009", "I251": "DDQH009", "Z491": "JVJF004", "C504": "QEFA004",
    "C509": "QEFA004", "C189": "HHQE005", "O800": "JQGD010", "R074": "DEQP003", "J189": "ZBQK002", "I639": "ACQN001",
}  # fmt: skip
"""The CCAM act that goes with a principal diagnosis."""

GROUPS = {"Z491": "28Z04Z", "Z511": "28Z07Z", "O800": "14Z13A", "H251": "02C05J", "S720": "08C471", "M169": "08C481"}
"""GHM of a principal diagnosis; others take a general medical group."""
OTHER_GROUP = "23M20T"
ERROR_GROUP = "90Z00Z"
SESSIONS = frozenset({"Z491", "Z511"})
RELATED = {"Z511": "C509", "Z491": "N185"}
"""Related diagnosis that a session needs."""

COMORBIDITIES = ("E669", "E780", "I10", "N390", "J961", "Z515", "F329")
DEATH_CAUSES = ("I509", "C349", "I219", "C189", "F00", "J449", "A419", "I64", "E119", "C509")
