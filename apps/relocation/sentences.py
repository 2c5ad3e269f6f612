"""Events of the relocation in words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "relocation.made": _("%(actor)s had this taken over from the previous platform."),
    "relocation.adopted": _("%(actor)s had this tied to what the previous platform knew it as."),
    "relocation.run": _("%(actor)s ran an import from the previous platform."),
    "relocation.copied": _(
        "The data of the previous platform was compared and copied: %(verified)s of %(objects)s objects."
    ),
    "relocation.report_signed": _("A report of the relocation was signed."),
    "relocation.read": _("%(actor)s looked at the relocation."),
}
