"""The project's events in words, for the timeline."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "project.read": _("%(actor)s read the page of the project."),
    "project.access_read": _("%(actor)s looked at the conditions of access to the project."),
    "project.created": _("The project space was created with %(members)s member(s)."),
    "membership.ended": _("%(actor)s took a person off the project."),
    "entitlement.granted": _("The entitlement to the approved data was granted."),
}
