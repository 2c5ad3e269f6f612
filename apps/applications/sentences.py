"""The dossier's events in words, for the timeline."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "application.created": _("%(actor)s started the dossier."),
    "application.page_saved": _("%(actor)s changed a page of the dossier."),
    "application.attachment_added": _("%(actor)s added a document."),
    "application.attachment_removed": _("%(actor)s removed a document."),
    "application.attachment_scanned": _("The virus scanner examined a document."),
    "application.attachment_redacted": _("%(actor)s redacted a document."),
    "application.archive_read": _("%(actor)s took a copy of all documents."),
    "application.printed": _("%(actor)s printed the dossier."),
    "application.message_posted": _("%(actor)s posted a message."),
    "application.messages_read": _("%(actor)s read the messages."),
    "application.member_added": _("%(actor)s added a person to the team."),
    "application.member_removed": _("%(actor)s took a person off the team."),
    "application.submitted": _("%(actor)s submitted the dossier (round %(round)s)."),
    "application.returned": _("%(actor)s returned the dossier with reasons."),
    "application.taken_over": _("%(actor)s took the dossier over from the previous platform, where it was decided."),
    "application.approved": _("%(actor)s approved the dossier."),
    "application.accepted": _("%(actor)s found the dossier complete: it goes on."),
    "application.redirected": _("%(actor)s sent the dossier back on another path."),
    "application.opinion_recorded": _("%(actor)s recorded the committee’s opinion."),
    "application.referred": _("%(actor)s referred the dossier to CNIL."),
    "application.revised": _("%(actor)s took the dossier back to amend it."),
    "application.committed": _("%(actor)s declared the commitment to conform to the reference methodology."),
    "application.cnil_recorded": _("%(actor)s recorded the decision of CNIL."),
    "application.silence_confirmed": _("%(actor)s confirmed the outcome of a silence."),
    "application.decision_read": _("%(actor)s read the record of the decision."),
    "application.discontinued": _("%(actor)s closed the dossier without action."),
    "application.signed": _("Every party has signed the agreement."),
    "application.assigned": _("%(actor)s changed the steward of the dossier."),
    "application.checked": _("%(actor)s went through the checklist."),
    "application.delay_extended": _("%(actor)s extended the legal delay until %(due_on)s."),
    "application.delay_lapsed": _("The legal delay ended on %(due_on)s without an answer."),
    "application.reminded": _("A reminder was due: the legal delay ends on %(due_on)s."),
    "application.obligation_fulfilled": _("%(actor)s noted that a condition is fulfilled."),
    "application.authority_document_read": _("%(actor)s read the document of a decision."),
    "application.refused": _("%(actor)s refused the dossier."),
    "application.read": _("%(actor)s read the dossier."),
    "application.document_read": _("%(actor)s read a document."),
    "application.withdrawn": _("%(actor)s withdrew the dossier."),
}
