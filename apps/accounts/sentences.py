"""How the accounts' events read in a timeline."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "session.password_accepted": _("A password was accepted."),
    "session.password_refused": _("A password was refused."),
    "session.opened": _("%(actor)s signed in."),
    "session.closed": _("The session of %(actor)s ended."),
    "session.others_ended": _("%(actor)s ended %(ended)s other session(s)."),
    "second_factor.accepted": _("The second factor of %(actor)s was accepted."),
    "second_factor.refused": _("A code presented by %(actor)s was refused."),
    "second_factor.enrolled": _("%(actor)s set up their second factor."),
    "second_factor.replaced": _("%(actor)s replaced their second factor."),
    "passkey.added": _("%(actor)s added a passkey."),
    "passkey.removed": _("%(actor)s removed a passkey."),
    "person.password_changed": _("%(actor)s changed their password."),
    "mandate.given": _("%(actor)s gave a mandate for an organisation."),
    "mandate.ended": _("%(actor)s ended a mandate for an organisation."),
    "staff_role.given": _("%(actor)s gave the role %(role)s."),
    "staff_role.ended": _("%(actor)s ended the role %(role)s."),
}
