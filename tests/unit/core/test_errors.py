"""Refusals in words."""

from datetime import date

import pytest
from django.utils import translation

from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.rules import Reason, Refused


def test_a_refusal_gives_every_reason_as_a_sentence():
    refused = Refused((Reason("too_late", {"day": "3 May"}), Reason("role")))
    error = refusal(refused, {"too_late": "It ended on %(day)s."})
    assert isinstance(error, RefusedError)
    assert error.messages[0] == "It ended on 3 May."
    assert len(error.messages) == 2
    assert error.status == 403


def test_a_day_in_a_reason_is_said_as_the_reader_writes_it():
    refused = Refused((Reason("too_late", {"day": date(2026, 12, 1)}),))
    with translation.override("fr"):
        assert refusal(refused, {"too_late": "Close depuis le %(day)s."}).messages == (
            "Close depuis le 1er décembre 2026.",
        )


def test_a_reason_nobody_worded_is_a_programming_error():
    with pytest.raises(KeyError):
        refusal(Refused((Reason("unheard_of"),)), {})


def test_losing_a_race_is_told_as_such():
    assert ChangedMeanwhile().status == 409
    assert str(ChangedMeanwhile("Changed by Alex").message) == "Changed by Alex"
