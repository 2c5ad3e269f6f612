"""Pages of the committee."""

from apps.committee.views.files import (
    answer,
    attachment,
    disclose,
    file,
    opinion,
    rapporteur_ask,
    rapporteur_release,
    schedule,
    unschedule,
    vote_close,
    vote_open,
)
from apps.committee.views.home import home, interest_end, interests, members
from apps.committee.views.printing import agenda_pdf, minutes_pdf, opinion_for_team, opinion_pdf
from apps.committee.views.sessions import (
    session,
    session_cancel,
    session_close,
    session_new,
    session_open,
    session_prepare,
    sessions,
)

__all__ = [
    "agenda_pdf",
    "answer",
    "attachment",
    "disclose",
    "file",
    "home",
    "interest_end",
    "interests",
    "members",
    "minutes_pdf",
    "opinion",
    "opinion_for_team",
    "opinion_pdf",
    "rapporteur_ask",
    "rapporteur_release",
    "schedule",
    "session",
    "session_cancel",
    "session_close",
    "session_new",
    "session_open",
    "session_prepare",
    "sessions",
    "unschedule",
    "vote_close",
    "vote_open",
]
