"""Events in words, from the SENTENCES of every app."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.audit.models import Event


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
        return str(sentence) % {**event.data, "actor": actor_of(event, names)} if sentence else event.action
    except (KeyError, ValueError, TypeError):
        return event.action


def actor_of(event: Event, names: Mapping[str, str]) -> str:
    """Who did it: a person's name, the part of the portal, or the bare identifier of somebody who is gone."""
    kind, _separator, zone = event.actor.partition(":")
    return _("the portal (%(zone)s)") % {"zone": zone} if kind == "system" else names.get(event.actor, event.actor)
