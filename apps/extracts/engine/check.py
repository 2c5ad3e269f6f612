"""Is a well-formed definition meaningful: do its tables, columns and codes exist, may its columns be delivered?"""

from collections.abc import Iterator

from .catalogue import Catalogue, Table
from .codes import NOTATIONS, System
from .criteria import Act, Biology, Criterion, Drug, LongTermCondition, Stay, walk
from .definition import Definition
from .nomenclature import Nomenclature
from .problems import Problem
from .protection import TEXT_DATES


def check(definition: Definition, catalogue: Catalogue, nomenclature: Nomenclature) -> tuple[Problem, ...]:
    """Everything that keeps the definition from being run, empty when nothing does."""
    return (*_codes(definition, nomenclature), *_tables(definition, catalogue))


def _codes(definition: Definition, nomenclature: Nomenclature) -> Iterator[Problem]:
    controls = definition.design.controls
    among = walk(controls.among, "$.design.controls.among") if controls and controls.among else ()
    for path, node in (*walk(definition.population), *among):
        for key, system, codes in _code_lists(node):
            for code in codes:
                if not nomenclature.matching(system, code):
                    yield _unknown_code(f"{path}.{node.TAG}.{key}", system, code)


def _code_lists(node: Criterion) -> tuple[tuple[str, System, tuple[str, ...]], ...]:
    match node:
        case Stay(diagnosis=codes) | LongTermCondition(diagnosis=codes):
            return (("diagnosis", System.ICD10, codes),)
        case Drug():
            return (("atc", System.ATC, node.atc), ("cip13", System.CIP13, node.cip13))
        case Act(ccam=codes):
            return (("ccam", System.CCAM, codes),)
        case Biology(nabm=codes):
            return (("nabm", System.NABM, codes),)
        case _:
            return ()


def _unknown_code(path: str, system: System, code: str) -> Problem:
    name = NOTATIONS[system]
    return Problem(
        path,
        "unknown_code",
        f"aucun code {name.name_fr} connu ne correspond à «\u00a0{code}\u00a0»",
        f"no known code of {name.name_en} matches “{code}”",
    )


def _tables(definition: Definition, catalogue: Catalogue) -> Iterator[Problem]:
    for name, columns in definition.scope.tables.items():
        path = f"$.scope.tables.{name}"
        table = catalogue.table(name)
        if table is None:
            yield Problem(path, "unknown_table", f"table inconnue «\u00a0{name}\u00a0»", f"unknown table “{name}”")
            continue
        for column in columns:
            yield from _column(table, column, path)
            if definition.protection.shift and column in TEXT_DATES:
                yield _date_in_text(f"{name}.{column}", path)


def _date_in_text(full: str, path: str) -> Problem:
    return Problem(
        path,
        "date_in_text",
        f"«\u00a0{full}\u00a0» dit une date qui ne peut être décalée\u00a0: "
        "retirez la variable ou le décalage des dates",
        f"“{full}” tells a date that cannot be shifted: leave out the column or the shift of dates",
    )


def _column(table: Table, name: str, path: str) -> Iterator[Problem]:
    column = table.column(name)
    full = f"{table.name}.{name}"
    if column is None:
        yield Problem(path, "unknown_column", f"variable inconnue «\u00a0{full}\u00a0»", f"unknown column “{full}”")
    elif column.identifying:
        yield Problem(
            path,
            "direct_identifier",
            f"«\u00a0{full}\u00a0» identifie directement et n’est jamais livrée\u202f; "
            "un pseudonyme propre au projet la remplace",
            f"“{full}” identifies directly and is never delivered; a pseudonym of the project replaces it",
        )
