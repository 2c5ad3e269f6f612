"""How the events about people and organisations read in a timeline."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "organisation.created": _("%(actor)s created an organisation."),
    "organisation.corrected": _("%(actor)s corrected an organisation."),
    "organisation.read": _("%(actor)s read the page of an organisation."),
    "invitation.sent": _("%(actor)s invited somebody to act for an organisation."),
    "invitation.sent_again": _("%(actor)s sent an invitation again."),
    "invitation.withdrawn": _("%(actor)s withdrew an invitation."),
    "invitation.accepted": _("%(actor)s accepted an invitation."),
    "person.created": _("The account of %(actor)s was created by an invitation."),
    "person.accreditation_read": _("%(actor)s read somebody's accreditation."),
    "training.added": _("%(actor)s added a training certificate."),
    "training.scanned": _("A training certificate was scanned for viruses."),
    "training.accepted": _("%(actor)s accepted a training certificate."),
    "training.refused": _("%(actor)s refused a training certificate."),
    "training.read": _("%(actor)s read a training certificate."),
    "conditions.published": _("%(actor)s published version %(version)s of the conditions of use."),
    "conditions.accepted": _("%(actor)s accepted version %(version)s of the conditions of use."),
    "address.asked": _("%(actor)s asked to prove a professional e-mail address."),
    "address.verified": _("%(actor)s proved their professional e-mail address."),
    "orcid.declared": _("%(actor)s declared their ORCID iD."),
}
