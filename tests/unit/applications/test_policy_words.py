"""The texts of the rules and of what happens, as people read them."""

import pytest
from django.utils import translation

from apps.applications import wording
from apps.applications.policy.loading import _text


def test_a_text_written_from_memory_says_so_in_words() -> None:
    read = _text({"fr": "Quatre semaines [R].", "en": "Four weeks [R]."})
    assert (read.fr, read.en) == ("Quatre semaines (à confirmer).", "Four weeks (to be confirmed).")


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (
            "stage",
            {"stage": "cnil"},
            "Le dossier entre dans une nouvelle étape de la procédure\u00a0: Décision de la CNIL.",
        ),
        ("stage", {"stage": "returned"}, "Le dossier est entré dans une nouvelle étape de la procédure."),
        ("stage", {}, "Le dossier est entré dans une nouvelle étape de la procédure."),
        ("approved", {"stage": "approved"}, "Le dossier est approuvé."),
    ],
)
def test_a_notice_names_the_stage_in_the_language_of_its_reader(kind: str, data: dict[str, str], told: str) -> None:
    sentence = wording.notice_sentence(kind, data)
    with translation.override("fr"):
        assert str(sentence) == told
