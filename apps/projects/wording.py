"""The conditions of access in words, those of the person's accreditation included."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Message
from apps.people import wording as people

CONDITIONS: Mapping[str, Message] = {
    **people.CONDITIONS,
    "project": _("Project open"),
    "entitlement": _("Entitlement to the approved data"),
    "agreement": _("Agreement signed"),
    "account": _("Account active"),
    "membership": _("Member of the team"),
    "mandate": _("Mandate of an organisation of the project"),
}
REFUSALS: Mapping[str, Message] = {
    "role": _("Only the principal investigator closes a project, only a data steward withdraws its authorisation."),
    "state": _("The project is over already."),
    "no_results": _("Publish the results first, or say why there are none: the law wants them to be public."),
    "amendment_under_way": _("An amendment is under way: finish it or withdraw it first."),
    "own_project": _("You take part in this project, or act for an organisation of it: leave it to another steward."),
}
ADVICE: Mapping[str, Message] = {
    **people.ADVICE,
    "project_ended": _("The project is closed. To use its data again, file a new dossier."),
    "entitlement_not_yet": _("The entitlement begins on the day shown: wait until then."),
    "entitlement_ended": _("The entitlement has ended: ask for an amendment that extends it."),
    "agreement_missing": _("The agreement of the project is to be prepared: ask your data steward."),
    "agreement_pending": _("The agreement awaits signatures: ask the signatory of your organisation."),
    "agreement_not_yet": _("The agreement begins on the day shown: wait until then."),
    "agreement_ended": _("The agreement has ended: ask your data steward for its renewal."),
    "account_ended": _("This account is closed: ask a data steward."),
    "membership_missing": _("Ask the principal investigator to have you added to the team."),
    "mandate_missing": _("Ask an administrator of your organisation for a mandate."),
    "mandate_not_yet": _("Your mandate begins on the day shown: wait until then."),
    "mandate_ended": _("Your mandate has ended: ask an administrator of your organisation for a new one."),
}
