"""The committee's events in words, for the timeline of a dossier. Its team reads them: they name no member."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "committee.file_came": _("The dossier came before the committee."),
    "committee.file_ended": _("The dossier left the committee without an express opinion of this round."),
    "committee.file_read": _("A member of the committee read the dossier."),
    "committee.document_read": _("A member of the committee read a document."),
    "committee.disclosed": _("A member of the committee declared whether they have an interest in the dossier."),
    "committee.rapporteur_asked": _("The committee asked a rapporteur for a report."),
    "committee.rapporteur_released": _("A rapporteur was released."),
    "committee.report_given": _("A rapporteur gave their report."),
    "committee.scheduled": _("The dossier was put on the agenda of the session of %(held_on)s."),
    "committee.unscheduled": _("The dossier was taken off the agenda of a session."),
    "committee.vote_opened": _("The committee began to vote."),
    "committee.vote_given": _("A member of the committee voted."),
    "committee.vote_closed": _("The vote of the committee was closed."),
    "committee.ballots_voided": _("Answers within the committee became void."),
    "committee.opinion_recorded": _("The committee gave its opinion."),
    "committee.opinion_read": _("%(actor)s read the opinion of the committee."),
}
