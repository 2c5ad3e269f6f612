"""Refusals in words."""

import pytest

from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.rules import Reason, Refused


def test_a_refusal_gives_every_reason_as_a_sentence():
    refused = Refused((Reason("too_late", {"day": "3 May"}), Reason("role")))
    error = refusal(refused, {"too_late": "It ended on %(day)s."})
    assert isinstance(error, RefusedError)
    assert error.messages[0] == "It ended on 3 May."
    assert len(error.messages) == 2
    assert error.status == 403


def test_a_reason_nobody_worded_is_a_programming_error():
    with pytest.raises(KeyError):
        refusal(Refused((Reason("unheard_of"),)), {})


def test_losing_a_race_is_told_as_such():
    assert ChangedMeanwhile().status == 409
    assert str(ChangedMeanwhile("Changed by Alex").message) == "Changed by Alex"
