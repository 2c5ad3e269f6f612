"""The agreement's events in words, for the timeline of a dossier."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "agreement.prepared": _("The agreement was prepared (version %(number)s)."),
    "agreement.document_made": _("The document of the agreement is ready to be signed (version %(number)s)."),
    "agreement.revised": _("%(actor)s revised the agreement (version %(number)s); earlier signatures are void."),
    "agreement.signed_by_party": _("%(actor)s signed the agreement (version %(number)s)."),
    "agreement.declined": _("%(actor)s declined to sign the agreement (version %(number)s)."),
    "agreement.signed": _("Every party has signed the agreement."),
    "agreement.ended": _("The agreement ended unsigned."),
    "agreement.read": _("%(actor)s read the agreement."),
    "agreement.document_read": _("%(actor)s read the document of the agreement."),
}
