"""Writes of the committee. Each is one transaction with its event; `by` is the person who acts."""

from apps.committee.services.answering import ballot_answer, rapporteur_ask, rapporteur_release
from apps.committee.services.coming import file_follow
from apps.committee.services.interests import disclose, interest_declare, interest_end
from apps.committee.services.opinions import opinion_give
from apps.committee.services.sessions import (
    session_cancel,
    session_close,
    session_create,
    session_open,
    session_prepare,
)
from apps.committee.services.voting import schedule, unschedule, vote_close, vote_open

__all__ = [
    "ballot_answer",
    "disclose",
    "file_follow",
    "interest_declare",
    "interest_end",
    "opinion_give",
    "rapporteur_ask",
    "rapporteur_release",
    "schedule",
    "session_cancel",
    "session_close",
    "session_create",
    "session_open",
    "session_prepare",
    "unschedule",
    "vote_close",
    "vote_open",
]
