"""How people find the codes that a criterion may name."""

from itertools import islice

from apps.catalogue.selectors import AT_MOST, codes_found, nomenclature
from apps.extracts.engine.codelists import CODES
from apps.extracts.engine.codes import System

SEARCH_FROM = 2


def codes_matching(system: System, text: str, language: str) -> list[tuple[str, str]]:
    """Codes with their labels, whose code begins with `text` or whose label holds it: at most twenty.

    Nothing for a text shorter than two characters.
    """
    if len(text) < SEARCH_FROM:
        return []
    if any(nomenclature().codes.values()):
        return [(code.code, getattr(code, f"label_{language}")) for code in codes_found(system, text, language)]
    return _builtin_matching(system, text.casefold(), language)


def _builtin_matching(system: System, text: str, language: str) -> list[tuple[str, str]]:
    labels = ((code, known.label(language)) for code, known in CODES[system].items())
    both = ((code, label) for code, label in labels if code.casefold().startswith(text) or text in label.casefold())
    return list(islice(both, AT_MOST))
