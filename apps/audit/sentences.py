"""How the audit's own events read in a list."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "audit.searched": _("%(actor)s searched the audit log."),
    "audit.exported": _("%(actor)s exported a part of the audit log."),
    "audit.event_read": _("%(actor)s read an event of the audit log."),
    "audit.proof_downloaded": _("%(actor)s downloaded the proof of an event."),
    "audit.readers_read": _("%(actor)s looked up who saw an object."),
    "audit.seal_read": _("%(actor)s looked at the state of the seal."),
    "audit.subject_erased": _("%(actor)s erased the personal fields of a person's events."),
}
