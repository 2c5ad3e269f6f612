"""The oracle: the meaning of a definition in plain Python, over tables small enough to be lists of rows.

It shares no computation with ``plan``: loops, sets and comparisons only, written to be read. The specification suite
and the property tests hold the other engines to what it says, for the cohort and for every delivered row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS, Kind, Link, Table
from apps.extracts.engine.criteria import (
    Act,
    Age,
    AllOf,
    AnyOf,
    AtLeast,
    Biology,
    Criterion,
    Drug,
    EventLeaf,
    LongTermCondition,
    Not,
    Period,
    Place,
    Position,
    Residence,
    Sex,
    SexValue,
    Stay,
)
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.filters import DUPLICATE_FACILITIES, RETURN_CODES, Filter
from apps.extracts.engine.geography import REGIONS
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.timing import Anchor

from .reference_controls import Person, drawn_controls
from .reference_values import begins, delivered_value, under_way, within

Row = Mapping[str, Any]
Claim = tuple[Any, ...]
Tables = Mapping[str, Mapping[str, Sequence[Row]]]
IndexDays = Mapping[str, date | None]
"""The persons of the extract and the index date of each, that of its case for a control."""
Events = Iterator[tuple[str, date, str, float]]
"""Person, day, code and quantity."""


class Reference:
    """A whole source in memory: ``tables[name][partition]`` is a list of rows."""

    def __init__(self, tables: Tables, definition: Definition, key: ProjectKey) -> None:
        self.tables = tables
        self.definition = definition
        self.key = key
        self.filters = frozenset(definition.filters)
        self.person_of: dict[tuple[str, int], str] = {}
        self.persons_of_psa: dict[str, set[str]] = defaultdict(set)
        self.identity_rows: dict[str, list[Row]] = defaultdict(list)
        self.public_activity = {_claim(row) for row in self.rows("ER_ETE_F") if row["ETE_IND_TAA"] == 1}
        self._read_identities()

    def rows(self, name: str) -> Iterator[Row]:
        """Every row of a table, with its partition under ``_partition``."""
        for partition, rows in self.tables.get(name, {}).items():
            for row in rows:
                yield {**row, "_partition": partition}

    def _read_identities(self) -> None:
        for row in self.rows("IR_BEN_R"):
            identity = (row["BEN_NIR_PSA"], row["BEN_RNG_GEM"])
            if None in identity:
                continue
            own = f"A{row['BEN_NIR_ANO']}" if row["BEN_NIR_ANO"] else f"P{identity[0]}|{identity[1]}"
            self.person_of[identity] = min(own, self.person_of.get(identity, own))
            self.identity_rows[own].append(row)
        for (psa, _), person in self.person_of.items():
            self.persons_of_psa[psa].add(person)

    # --- who ---

    def cohort(self) -> set[str]:
        """The persons who satisfy the population, and have an index date where there is one."""
        found = {person for person in self.identity_rows if self._holds(self.definition.population, person)}
        return {person for person in found if self.definition.index is None or self.index_day(person)}

    def patients(self) -> dict[str, str]:
        """The persons of the extract: each case of the sample with itself, each control with its case."""
        one_in, asked = self.definition.protection.one_in, self.definition.design.controls
        cohort = self.cohort()
        cases = {person for person in cohort if one_in == 1 or self.key.sampled(person, one_in)}
        found = {person: person for person in cases}
        if asked is None:
            return found
        candidates = {
            person
            for person in self.identity_rows
            if person not in cohort and (asked.among is None or self._holds(asked.among, person))
        }
        days = {case: day for case in cases if (day := self.index_day(case))}
        people = {person: self._to_match(person) for person in self.identity_rows}
        return found | drawn_controls(days, candidates, people, asked, self.key)

    def index_day(self, person: str) -> date | None:
        """The index date of a person."""
        leaf = self.definition.index
        days = self._days(leaf, person) if leaf else set()
        if leaf is None or len(days) < leaf.at_least:
            return None
        return min(days) if leaf.index is Anchor.FIRST else max(days)

    def _to_match(self, person: str) -> Person:
        row = self._description(person)
        region = next((code for code, one in REGIONS.items() if row["BEN_RES_DPT"] in one.departments), "")
        deaths = [known["BEN_DCD_DTE"] for known in self.identity_rows[person]]
        died = min((day for day in deaths if day and day.year >= 1900), default=None)
        return Person(row["BEN_SEX_COD"], row["BEN_NAI_ANN"], region, died)

    def _holds(self, criterion: Criterion, person: str) -> bool:
        match criterion:
            case AllOf(below):
                return all(self._holds(child, person) for child in below)
            case AnyOf(below):
                return any(self._holds(child, person) for child in below)
            case AtLeast(count, below):
                return sum(self._holds(child, person) for child in below) >= count
            case Not(child):
                return not self._holds(child, person)
            case Age() | Sex() | Residence():
                return self._is(criterion, self._description(person))
            case _:
                return len(self._days(criterion, person)) >= criterion.at_least

    def _days(self, leaf: EventLeaf, person: str) -> set[date]:
        """The days, in its window, on which a person had an event of a leaf that no regularisation cancels."""
        sums: dict[tuple[date, str], float] = defaultdict(float)
        for who, day, code, quantity in self._events(leaf):
            if who == person:
                sums[day, code] += quantity
        signed = Filter.DCIR_SIGNED_QUANTITIES in self.filters
        days = {day for (day, _), quantity in sums.items() if quantity > 0 or not signed}
        if leaf.within is None:
            return days
        start = self.index_day(person)
        return {day for day in days if start and leaf.within.first <= (day - start).days <= leaf.within.last}

    def _description(self, person: str) -> Row:
        """The row of the most recently updated identity."""

        def order(row: Row) -> tuple[date, str, int]:
            return (row["BEN_DTE_MAJ"] or date.min, row["BEN_NIR_PSA"], row["BEN_RNG_GEM"])

        return max(self.identity_rows[person], key=order)

    def _is(self, leaf: Age | Sex | Residence, row: Row) -> bool:
        match leaf:
            case Sex(value):
                return bool(row["BEN_SEX_COD"] == {SexValue.MALE: 1, SexValue.FEMALE: 2}[value])
            case Residence(codes):
                return any(row["BEN_RES_DPT"] in REGIONS[code].departments for code in codes)
            case _:
                return self._aged(leaf, row)

    def _aged(self, leaf: Age, row: Row) -> bool:
        if row["BEN_NAI_ANN"] is None:
            return False
        month = row["BEN_NAI_MOI"]
        birth_month = int(month) if month and month.isdigit() else 1
        age = leaf.on.year - row["BEN_NAI_ANN"] - (1 if birth_month > leaf.on.month else 0)
        return bool(leaf.low <= age <= leaf.high)

    # --- events ---

    def _events(self, leaf: EventLeaf) -> Events:
        match leaf:
            case Stay():
                return self._stay_events(leaf)
            case LongTermCondition():
                return self._condition_events(leaf)
            case Drug():
                return self._drug_events(leaf)
            case Biology():
                return self._biology_events(leaf)
            case _:
                return self._act_events(leaf)

    def _stay_events(self, leaf: Stay) -> Events:
        associated = {_stay(row) for row in self.rows("T_MCOaaD") if begins(row["ASS_DGN"], leaf.diagnosis)}
        for stay in self._stays(leaf.period):
            found = {
                Position.PRINCIPAL: begins(stay["DGN_PAL"], leaf.diagnosis),
                Position.RELATED: begins(stay["DGN_REL"], leaf.diagnosis),
                Position.ASSOCIATED: _stay(stay) in associated,
            }
            if any(found[position] for position in leaf.positions) and self._in_unit(leaf, stay):
                for person in self.persons_of_psa[stay["NIR_ANO_17"]]:
                    yield person, stay["EXE_SOI_DTD"], "", 1

    def _in_unit(self, leaf: Stay, stay: Row) -> bool:
        """Whether a stay passed through a unit of a type that the leaf asks for, if it asks for any."""
        units = (row for row in self.rows("T_MCOaaUM") if _stay(row) == _stay(stay))
        return not leaf.medical_units or any(begins(row["AUT_TYP1_UM"], leaf.medical_units) for row in units)

    def _stays(self, period: Period) -> Iterator[Row]:
        """Stays that begin in the period, linked to somebody, kept by the filters."""
        described = defaultdict(list)
        for row in self.rows("T_MCOaaB"):
            described[_stay(row)].append(row)
        for linkage in self.rows("T_MCOaaC"):
            for row in described[_stay(linkage)]:
                stay = {**linkage, **{name: row[name] for name in ("GRG_GHM", "DGN_PAL", "DGN_REL")}}
                known = linkage["NIR_ANO_17"] in self.persons_of_psa
                if known and within(linkage["EXE_SOI_DTD"], period) and not self._bad_stay(stay):
                    yield stay

    def _bad_stay(self, stay: Row) -> bool:
        reasons = {
            Filter.MCO_RETURN_CODES: any(stay[name] not in {"0", None} for name in RETURN_CODES),
            Filter.MCO_GROUPING_ERROR: begins(stay["GRG_GHM"], ["90"]),
            Filter.MCO_SHARED_IDENTITY: len(self.persons_of_psa[stay["NIR_ANO_17"]]) > 1,
            Filter.MCO_DUPLICATE_FACILITIES: int(stay["_partition"]) <= 2017
            and stay["ETA_NUM"] in DUPLICATE_FACILITIES,
        }
        return any(reasons[chosen] for chosen in reasons if chosen in self.filters)

    def _condition_events(self, leaf: LongTermCondition) -> Events:
        for row in self._conditions(leaf.period):
            coded = bool(leaf.diagnosis) and begins(row["MED_MTF_COD"], leaf.diagnosis)
            person = self._person(row)
            if person and (coded or row["IMB_ALD_NUM"] in leaf.numbers):
                yield person, row["IMB_ALD_DTD"], "", 1

    def _conditions(self, period: Period) -> Iterator[Row]:
        for row in self.rows("IR_IMB_R"):
            not_ald = Filter.ALD_NATURES in self.filters and row["IMB_ETM_NAT"] in {11, 12, 13}
            if under_way(row, period) and not not_ald:
                yield row

    def _person(self, row: Row) -> str | None:
        return self.person_of.get((row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]))

    def _care(self, period: Period) -> Iterator[Row]:
        """Care lines of the period that the filters keep."""
        for row in self.rows("ER_PRS_F"):
            if within(row["EXE_SOI_DTD"], period) and not self._bad_care(row):
                yield row

    def _bad_care(self, row: Row) -> bool:
        reasons = {
            Filter.DCIR_QUALIFIER: row["DPN_QLF"] == 71,
            Filter.DCIR_QUALIFIER_SENT: row["PRS_DPN_QLP"] == 71,
            Filter.DCIR_SUPPLEMENTS: (row["CPL_MAJ_TOP"] or 0) >= 2,
            Filter.DCIR_PUBLIC_ACTIVITY: _claim(row) in self.public_activity,
        }
        return any(reasons[chosen] for chosen in reasons if chosen in self.filters)

    def _drug_events(self, leaf: Drug) -> Events:
        products = {int(code) for code in leaf.cip13}
        if leaf.atc:
            products |= {row["PHA_CIP_C13"] for row in self.rows("IR_PHA_R") if begins(row["PHA_ATC_CLA"], leaf.atc)}
        details = [
            (_claim(row), str(row["PHA_PRS_C13"]), row["PHA_ACT_QSN"])
            for row in self.rows("ER_PHA_F")
            if row["PHA_PRS_C13"] in products
        ]
        yield from self._care_events(details, leaf.period)

    def _biology_events(self, leaf: Biology) -> Events:
        details = [
            (_claim(row), str(row["BIO_PRS_IDE"]), row["BIO_ACT_QSN"])
            for row in self.rows("ER_BIO_F")
            if str(row["BIO_PRS_IDE"]) in leaf.nabm
        ]
        yield from self._care_events(details, leaf.period)

    def _care_events(self, details: Sequence[tuple[Claim, str, float | None]], period: Period) -> Events:
        """The care lines of details; a detail without a quantity of its own has that of its line, 1 if unknown."""
        for care in self._care(period):
            if person := self._person(care):
                for claim, code, quantity in details:
                    if claim == _claim(care):
                        known = care["PRS_ACT_QTE"] if quantity is None else quantity
                        yield person, care["EXE_SOI_DTD"], code, 1 if known is None else known

    def _act_events(self, leaf: Act) -> Events:
        if Place.COMMUNITY in leaf.places:
            acts = [row for row in self.rows("ER_CAM_F") if begins(row["CAM_PRS_IDE"], leaf.ccam)]
            yield from self._care_events([(_claim(row), row["CAM_PRS_IDE"], None) for row in acts], leaf.period)
        if Place.STAY in leaf.places:
            done = {_stay(row) for row in self.rows("T_MCOaaA") if begins(row["CDC_ACT"], leaf.ccam)}
            for stay in self._stays(leaf.period):
                if _stay(stay) in done:
                    for person in self.persons_of_psa[stay["NIR_ANO_17"]]:
                        yield person, stay["EXE_SOI_DTD"], "", 1

    # --- delivery ---

    def deliver(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of each table, all partitions together, as tuples in the order of the delivered columns."""
        definition, key, patients = self.definition, self.key, self.patients()
        days = {person: self.index_day(case) for person, case in patients.items()}
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name, asked in definition.scope.tables.items():
            table = CATALOGUE.tables[name]
            columns = (*table.surrogates, *(column.name for column in table.columns if column.name in asked))
            rows = self._delivered(table, days)
            found[name] = [
                tuple(delivered_value(table, row, column, key, definition) for column in columns) for row in rows
            ]
        return found

    def _delivered(self, table: Table, days: Mapping[str, date | None]) -> Iterable[Row]:
        key = self.key
        for row, person in self._linked(table, days):
            if person is None or person in days:
                yield {
                    **row,
                    "_person": person,
                    "_index": days[person] if person else None,
                    "PATIENT_ID": key.pseudonym(Kind.PERSON, person) if person else None,
                    "CLAIM_ID": key.pseudonym_of_row(Kind.CLAIM, _claim(row)) if table.link is Link.CLAIM else None,
                    "STAY_ID": key.pseudonym_of_row(Kind.STAY, _stay(row)) if table.link is Link.STAY else None,
                }

    def _linked(self, table: Table, days: IndexDays) -> Iterator[tuple[Row, str | None]]:
        """The rows of a table that period, window of care and filters keep, each with each of its persons."""
        period = self.definition.scope.period
        match table.link:
            case Link.NOBODY:
                yield from ((row, None) for row in self.rows(table.name))
            case Link.BENEFICIARY if table.name == "IR_IMB_R":
                for row in self._conditions(period):
                    if (person := self._person(row)) and self._around(
                        days, person, row["IMB_ALD_DTD"], row["IMB_ALD_DTF"]
                    ):
                        yield row, person
            case Link.BENEFICIARY:
                yield from ((row, person) for row in self.rows(table.name) if (person := self._person(row)))
            case Link.CLAIM:
                yield from self._linked_claims(table, days)
            case Link.STAY:
                yield from self._linked_stays(table, days)
            case _:
                yield from self._linked_deaths(table, days)

    def _around(self, days: IndexDays, person: str, start: date, end: date | None) -> bool:
        """Whether what took place from a day to another is in the window of care of a person, if there is one."""
        care, index = self.definition.design.care, days.get(person)
        if care is None or index is None:
            return care is None
        return (start - index).days <= care.after and (end is None or (end - index).days >= -care.before)

    def _linked_claims(self, table: Table, days: IndexDays) -> Iterator[tuple[Row, str | None]]:
        lines = ((row, person) for row in self._care(self.definition.scope.period) if (person := self._person(row)))
        care = [(row, who) for row, who in lines if self._around(days, who, row["EXE_SOI_DTD"], row["EXE_SOI_DTD"])]
        if table.name == "ER_PRS_F":
            yield from care
        else:
            persons = defaultdict(set)
            for row, person in care:
                persons[_claim(row)].add(person)
            yield from ((row, person) for row in self.rows(table.name) for person in persons[_claim(row)])

    def _linked_stays(self, table: Table, days: IndexDays) -> Iterator[tuple[Row, str | None]]:
        persons = defaultdict(set)
        for stay in self._stays(self.definition.scope.period):
            for person in self.persons_of_psa[stay["NIR_ANO_17"]]:
                if self._around(days, person, stay["EXE_SOI_DTD"], stay["EXE_SOI_DTD"]):
                    persons[_stay(stay)].add(person)
        yield from ((row, person) for row in self.rows(table.name) for person in persons[_stay(row)])

    def _linked_deaths(self, table: Table, days: IndexDays) -> Iterator[tuple[Row, str | None]]:
        persons = defaultdict(set)
        for beneficiary in self.rows("IR_BEN_R"):
            if beneficiary["BEN_IDT_ANO"] is not None and (person := self._person(beneficiary)):
                persons[beneficiary["BEN_IDT_ANO"]].add(person)
        for row in self.rows(table.name):
            death = row["BEN_DCD_DTE"]
            if within(death, self.definition.scope.period):
                found = persons[row["BEN_IDT_ANO"]]
                yield from ((row, person) for person in found if self._around(days, person, death, death))


def _claim(row: Row) -> Claim:
    return tuple(row[name] for name in CLAIM_KEYS)


def _stay(row: Row) -> tuple[Any, ...]:
    return (int(row["_partition"]), row["ETA_NUM"], row["RSA_NUM"])
