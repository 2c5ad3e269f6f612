"""Errors that speak to the person: what happened, that nothing was lost, what to do."""

from collections.abc import Mapping
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.dates import in_words
from apps.core.rules import Reason, Refused

Message = str | Promise

COMMON_MESSAGES: Mapping[str, Message] = {
    "role": _("Your role does not allow this action."),
    "state": _("This is not possible in the present state."),
}


class PortalError(Exception):
    """An expected failure, shown to the person in words. `status` is the HTTP status of the page."""

    status = 422

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class ChangedMeanwhile(PortalError):
    """Somebody else changed the object between the reading and the writing (compare-and-swap found no row)."""

    status = 409

    def __init__(self, message: Message | None = None) -> None:
        super().__init__(
            message
            or _("Somebody else changed this meanwhile. Nothing of theirs was overwritten: look at the new state.")
        )


class RefusedError(PortalError):
    """A rule said no. Carries every reason as a sentence; `field` names the form field it belongs to, if any."""

    status = 403

    def __init__(self, messages: tuple[Message, ...], *, field: str | None = None) -> None:
        super().__init__(messages[0])
        self.messages = messages
        self.field = field


def refusal(refused: Refused, sentences: Mapping[str, Message]) -> RefusedError:
    """The error for a refused decision, its reason codes put into words."""
    return RefusedError(tuple(reason_sentence(reason, sentences) for reason in refused.reasons))


def reason_sentence(reason: Reason, sentences: Mapping[str, Message]) -> Message:
    """The sentence of a reason. Raises KeyError when the room forgot to word one of its codes."""
    sentence = sentences[reason.code] if reason.code in sentences else COMMON_MESSAGES[reason.code]
    return sentence % _said(reason) if reason.params else sentence


def _said(reason: Reason) -> dict[str, str]:
    return {name: in_words(value) if isinstance(value, date) else value for name, value in reason.params.items()}
