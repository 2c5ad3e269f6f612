"""Which codes exist, and how people find them."""

from collections import defaultdict

from django.db.models import Q

from apps.catalogue.models import Code, Release
from apps.extracts.engine.codes import System
from apps.extracts.engine.nomenclature import Nomenclature

AT_MOST = 20


def nomenclature() -> Nomenclature:
    """The known codes of every system, for checking a definition. One query a release, then from memory."""
    release = Release.objects.order_by("-read_at").values_list("identifier", "read_at").first()
    if release not in _read:
        _read.clear()
        _read[release] = _nomenclature()
    return _read[release]


_read: dict[object, Nomenclature] = {}


def _nomenclature() -> Nomenclature:
    codes: dict[System, list[str]] = defaultdict(list)
    for system, code in Code.objects.values_list("system", "code"):
        codes[System(system)].append(code)
    return Nomenclature({system: tuple(sorted(codes[system])) for system in System})


def codes_found(system: System, text: str, language: str) -> list[Code]:
    """At most twenty codes that begin with `text` or whose label holds it, the shortest codes first."""
    wanted = Q(code__istartswith=text) | Q(**{f"label_{language}__icontains": text})
    return list(Code.objects.filter(wanted, system=system).order_by("code")[:AT_MOST])
