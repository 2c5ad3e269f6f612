"""The oracle: the meaning of a definition in plain Python, over tables small enough to be lists of rows.

It shares no computation with ``plan``: loops, sets and comparisons only, written to be read. The specification suite
and the property tests hold the other engines to what it says, for the cohort and for every delivered row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS, Family, Kind, Link, Table, Type
from apps.extracts.engine.criteria import (
    Act,
    Age,
    AllOf,
    AnyOf,
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
from apps.extracts.engine.protection import Level
from apps.extracts.engine.pseudonyms import ProjectKey

Row = Mapping[str, Any]
Claim = tuple[Any, ...]
Tables = Mapping[str, Mapping[str, Sequence[Row]]]
Events = Iterator[tuple[str, date, str, float]]
"""Person, day, code and quantity."""


def begins(value: str | None, codes: Sequence[str]) -> bool:
    """Whether a value is one of the codes or stands below one of them."""
    return value is not None and value.startswith(tuple(codes))


def within(day: date | None, period: Period) -> bool:
    """Whether a day is known and in the period."""
    return day is not None and period.start <= day <= period.end


def under_way(condition: Row, period: Period) -> bool:
    """Whether a long-term condition covers a day of the period; without an end it goes on."""
    start, end = condition["IMB_ALD_DTD"], condition["IMB_ALD_DTF"]
    return start is not None and start <= period.end and (end is None or end >= period.start)


class Reference:
    """A whole source in memory: ``tables[name][partition]`` is a list of rows."""

    def __init__(self, tables: Tables, filters: Sequence[Filter]) -> None:
        self.tables = tables
        self.filters = frozenset(filters)
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

    def cohort(self, population: Criterion) -> set[str]:
        """The persons who satisfy a population."""
        return {person for person in self.identity_rows if self._holds(population, person)}

    def sampled(self, definition: Definition, key: ProjectKey) -> set[str]:
        """The persons who satisfy the population of a definition and are in its sample."""
        one_in = definition.protection.one_in
        return {person for person in self.cohort(definition.population) if one_in == 1 or key.sampled(person, one_in)}

    def _holds(self, criterion: Criterion, person: str) -> bool:
        match criterion:
            case AllOf(below):
                return all(self._holds(child, person) for child in below)
            case AnyOf(below):
                return any(self._holds(child, person) for child in below)
            case Not(child):
                return not self._holds(child, person)
            case Age() | Sex() | Residence():
                return self._is(criterion, self._description(person))
            case _:
                return len(self._days(criterion, person)) >= criterion.at_least

    def _days(self, leaf: EventLeaf, person: str) -> set[date]:
        """The days on which a person had an event of a leaf that no regularisation cancels."""
        sums: dict[tuple[date, str], float] = defaultdict(float)
        for who, day, code, quantity in self._events(leaf):
            if who == person:
                sums[day, code] += quantity
        signed = Filter.DCIR_SIGNED_QUANTITIES in self.filters
        return {day for (day, _), quantity in sums.items() if quantity > 0 or not signed}

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

    def deliver(self, definition: Definition, key: ProjectKey) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of each table, all partitions together, as tuples in the order of the delivered columns."""
        cohort = self.sampled(definition, key)
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name, asked in definition.scope.tables.items():
            table = CATALOGUE.tables[name]
            columns = (*table.surrogates, *(column.name for column in table.columns if column.name in asked))
            rows = self._delivered(table, definition.scope.period, cohort, key)
            found[name] = [tuple(_value(table, row, column, key, definition) for column in columns) for row in rows]
        return found

    def _delivered(self, table: Table, period: Period, cohort: set[str], key: ProjectKey) -> Iterable[Row]:
        for row, person in self._linked(table, period):
            if person is None or person in cohort:
                yield {
                    **row,
                    "_person": person,
                    "PATIENT_ID": key.pseudonym(Kind.PERSON, person) if person else None,
                    "CLAIM_ID": key.pseudonym_of_row(Kind.CLAIM, _claim(row)) if table.link is Link.CLAIM else None,
                    "STAY_ID": key.pseudonym_of_row(Kind.STAY, _stay(row)) if table.link is Link.STAY else None,
                }

    def _linked(self, table: Table, period: Period) -> Iterator[tuple[Row, str | None]]:
        """The rows of a table that the period and the filters keep, each with each of its persons."""
        match table.link:
            case Link.NOBODY:
                yield from ((row, None) for row in self.rows(table.name))
            case Link.BENEFICIARY:
                rows = self._conditions(period) if table.name == "IR_IMB_R" else self.rows(table.name)
                yield from ((row, person) for row in rows if (person := self._person(row)))
            case Link.CLAIM:
                yield from self._linked_claims(table, period)
            case Link.STAY:
                persons = {_stay(stay): self.persons_of_psa[stay["NIR_ANO_17"]] for stay in self._stays(period)}
                yield from ((row, person) for row in self.rows(table.name) for person in persons.get(_stay(row), ()))
            case _:
                yield from self._linked_deaths(table, period)

    def _linked_claims(self, table: Table, period: Period) -> Iterator[tuple[Row, str | None]]:
        care = [(row, person) for row in self._care(period) if (person := self._person(row))]
        if table.name == "ER_PRS_F":
            yield from care
        else:
            persons = defaultdict(set)
            for row, person in care:
                persons[_claim(row)].add(person)
            yield from ((row, person) for row in self.rows(table.name) for person in persons[_claim(row)])

    def _linked_deaths(self, table: Table, period: Period) -> Iterator[tuple[Row, str | None]]:
        persons = defaultdict(set)
        for beneficiary in self.rows("IR_BEN_R"):
            if beneficiary["BEN_IDT_ANO"] is not None and (person := self._person(beneficiary)):
                persons[beneficiary["BEN_IDT_ANO"]].add(person)
        for row in self.rows(table.name):
            if within(row["BEN_DCD_DTE"], period):
                yield from ((row, person) for person in persons[row["BEN_IDT_ANO"]])


def _claim(row: Row) -> Claim:
    return tuple(row[name] for name in CLAIM_KEYS)


def _stay(row: Row) -> tuple[Any, ...]:
    return (int(row["_partition"]), row["ETA_NUM"], row["RSA_NUM"])


def _value(table: Table, row: Row, name: str, key: ProjectKey, definition: Definition) -> Any:
    """The value of a delivered column: a pseudonym of another column, or the column itself, shifted and coarser."""
    column = table.column(name)
    value = row[column.surrogate_of if column and column.kind else name]
    if column is None or value is None:
        return value
    if column.kind is not None:
        return key.pseudonym(column.kind, str(value))
    if column.type is Type.DATE and definition.protection.shift and row["_person"]:
        value += timedelta(days=key.shift(row["_person"], definition.protection.shift))
    return _coarser(value, column.family, definition.protection.level(column.family))


def _coarser(value: Any, family: Family | None, level: Level | None) -> Any:
    if level is None:
        return value
    if isinstance(value, date):
        return value.replace(day=1) if level is Level.MONTH else value.replace(day=1, month=1)
    if isinstance(value, int):
        width = {Level.YEAR: 1, Level.FIVE_YEARS: 5, Level.TEN_YEARS: 10}[level]
        return value - value % width
    if level is Level.MONTH:
        return value
    return value[:4] if family is Family.DEATH_DATE else None
