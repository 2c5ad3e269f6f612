"""The texts of the rules, as people read them."""

from apps.applications.policy.loading import _text


def test_a_text_written_from_memory_says_so_in_words() -> None:
    read = _text({"fr": "Quatre semaines [R].", "en": "Four weeks [R]."})
    assert (read.fr, read.en) == ("Quatre semaines (à confirmer).", "Four weeks (to be confirmed).")
