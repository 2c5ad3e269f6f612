"""The extract's events in words, for the timeline."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "extract.requested": _("The extract was requested."),
    "extract.started": _("A worker began the extract."),
    "extract.delivered": _("The extract was verified and delivered: %(files)s file(s), %(rows)s row(s)."),
    "extract.needs_human": _("The extract stopped and needs a person. Nothing was delivered."),
}
