"""Codes of the committee's rules put into sentences."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Message

REASONS: Mapping[str, Message] = {
    "role": _("Your role in the committee does not allow this."),
    "state": _("This is not possible in the present state of the file."),
    "recused": _("You have an interest in this dossier: it is not yours to examine."),
    "content_changed": _("The dossier changed since: what was answered about it before is void."),
    "not_asked": _("No answer is awaited from you, or you have given it already."),
    "not_disclosed": _("Declare first whether you have an interest in this dossier."),
    "rapporteur_recused": _("This person has an interest in the dossier."),
    "rapporteur_not_member": _("This person is not a member of the committee."),
    "session_over": _("This session takes no more files."),
    "session_not_open": _("This is done while the session is open."),
    "reports_missing": _("The vote waits for the rapporteurs: %(needed)s reports are needed."),
    "no_quorum": _("The quorum is not met: %(present)s members may vote on this file, %(quorum)s are needed."),
    "outcome_not_voted": _("This is not what the vote says: record the outcome that it gave."),
    "no_recommendation": _("This opinion asks for at least one recommendation."),
    "session_busy": _("Files of this session still await the end of their vote or their opinion."),
    "no_chair": _("Choose who presides, among the members who are present."),
}
