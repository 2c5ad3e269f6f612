"""Events in words, from the SENTENCES of every app."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.audit.models import Event
from apps.core.dates import in_words

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@cache
def sentences() -> Mapping[str, str | Promise]:
    """The sentence of every action that has one."""
    found: dict[str, str | Promise] = {}
    for app in settings.PORTAL_APPS:
        if find_spec(f"{app}.sentences"):
            found |= getattr(import_module(f"{app}.sentences"), "SENTENCES", {})
    return found


def sentence_of(event: Event, names: Mapping[str, str]) -> str:
    """What happened, in a sentence; the action's name where no app worded it or the event lacks a part of it."""
    sentence = sentences().get(event.action)
    try:
        return str(sentence) % {**told(event.data), "actor": actor_of(event, names)} if sentence else event.action
    except (KeyError, ValueError, TypeError):
        return event.action


def told(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event holds, its days as the reader's language writes them."""
    return {name: _day_in_words(value) if isinstance(value, str) else value for name, value in data.items()}


def _day_in_words(text: str) -> str:
    try:
        return in_words(date.fromisoformat(text)) if _DAY.fullmatch(text) else text
    except ValueError:
        return text


def actor_of(event: Event, names: Mapping[str, str]) -> str:
    """Who did it: a person's name, the part of the portal, or the bare identifier of somebody who is gone."""
    kind, _separator, zone = event.actor.partition(":")
    return _("the portal (%(zone)s)") % {"zone": zone} if kind == "system" else names.get(event.actor, event.actor)
