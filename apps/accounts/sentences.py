"""How the accounts' events read in a timeline."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "session.password_accepted": _("A password was accepted."),
    "session.password_refused": _("A password was refused."),
    "session.identity_accepted": _("The identity provider vouched for a person."),
    "identity.linked": _("%(actor)s linked their identity at the identity provider."),
    "identity.unlinked": _("%(actor)s ended the link with the identity provider."),
    "session.opened": _("%(actor)s signed in."),
    "session.closed": _("The session of %(actor)s ended."),
    "session.others_ended": _("%(actor)s ended their other sessions (%(ended)s)."),
    "second_factor.accepted": _("The second factor of %(actor)s was accepted."),
    "second_factor.refused": _("A code presented by %(actor)s was refused."),
    "second_factor.enrolled": _("%(actor)s set up their second factor."),
    "second_factor.replaced": _("%(actor)s replaced their second factor."),
    "second_factor.codes_renewed": _("%(actor)s asked for new recovery codes."),
    "passkey.added": _("%(actor)s added a passkey."),
    "passkey.removed": _("%(actor)s removed a passkey."),
    "person.password_changed": _("%(actor)s changed their password."),
    "person.reset_asked": _("A link was asked for to set a password anew."),
    "person.password_reset": _("A password was set anew by a link sent by e-mail."),
    "recovery.asked": _("The recovery of an account was asked for."),
    "recovery.approved": _("%(actor)s vouched for the person who asked for a recovery."),
    "recovery.refused": _("%(actor)s refused the recovery of an account."),
    "recovery.cancelled": _("The recovery of an account was cancelled from a message to its person."),
    "recovery.opened": _("The delay of a recovery ended: its link was sent."),
    "recovery.done": _("An account was recovered: its factors were removed."),
    "recovery.expired": _("The recovery of an account expired."),
    "mandate.given": _("%(actor)s gave a mandate for an organisation."),
    "mandate.ended": _("%(actor)s ended a mandate for an organisation."),
    "staff_role.given": _("%(actor)s gave the role %(role)s."),
    "staff_role.ended": _("%(actor)s ended the role %(role)s."),
}
