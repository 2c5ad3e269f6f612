"""How the events of access reviews read in a timeline."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "review.opened": _("%(actor)s opened a review of %(items)s accesses."),
    "review.read": _("%(actor)s read a review of accesses."),
    "review.closed": _("The review of accesses was closed."),
    "review.access_confirmed": _("%(actor)s confirmed an access."),
    "review.access_withdrawn": _("%(actor)s withdrew an access."),
    "review.access_lapsed": _("An access lapsed: nobody confirmed it in time."),
    "review.access_gone": _("An access had ended before the review did."),
    "review.access_kept": _("An access was kept: it was the last one of its role."),
}
