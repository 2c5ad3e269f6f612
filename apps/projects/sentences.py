"""The project's events in words, for the timeline."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "project.read": _("%(actor)s read the page of the project."),
    "project.access_read": _("%(actor)s looked at the conditions of access to the project."),
    "project.created": _("The project space was created (members: %(members)s)."),
    "membership.ended": _("%(actor)s took a person off the project."),
    "project.investigator_changed": _("Another principal investigator leads the project since an amendment."),
    "membership.begun": _("A person joined the project with an amendment."),
    "entitlement.granted": _("The entitlement to the approved data was granted."),
    "entitlement.ended": _("The entitlement ended: an amendment takes its place."),
    "entitlement.amended": _("The entitlement of the approved amendment was granted."),
    "project.closed": _("%(actor)s closed the project."),
    "project.revoked": _("%(actor)s withdrew the authorisation of the project for misuse."),
    "project.closing_read": _("%(actor)s looked at what closing the project asks for."),
    "project.revocation_read": _("%(actor)s opened the withdrawal of the authorisation."),
}
