"""Reading a copy's code lists into the catalogue."""

from collections.abc import Iterator

from django.db import transaction

from apps.audit.services import event_record
from apps.catalogue.models import Code, Release
from apps.extracts.engine.codelists import label
from apps.extracts.engine.codes import System
from apps.extracts.engine.nomenclature import Nomenclature

BATCH = 5_000


def release_read(*, identifier: str, synthetic: bool, nomenclature: Nomenclature, by: str) -> int:
    """Replace the catalogue's codes by those of a release, and return their number. In one transaction."""
    codes = list(_codes(nomenclature))
    with transaction.atomic():
        Release.objects.update_or_create(identifier=identifier, defaults={"synthetic": synthetic})
        Code.objects.all().delete()
        Code.objects.bulk_create(codes, batch_size=BATCH)
        event_record(
            action="catalogue.release_read",
            actor=by,
            object_kind="release",
            object_id=identifier[:64],
            data={"codes": len(codes), "synthetic": synthetic},
        )
    return len(codes)


def _codes(nomenclature: Nomenclature) -> Iterator[Code]:
    for system, codes in nomenclature.codes.items():
        for code in codes:
            yield Code(
                system=system, code=code, label_fr=_label(system, code, "fr"), label_en=_label(system, code, "en")
            )


def _label(system: System, code: str, language: str) -> str:
    return label(system, code, language)[:300]
