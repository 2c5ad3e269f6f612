"""What the views of the dossier share."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language

from apps.accounts.navigation import person_of
from apps.applications import selectors
from apps.applications.models import Application
from apps.extracts.engine.words import Language


def mine_or_404(request: HttpRequest, application_id: UUID) -> Application:
    """A dossier of the person's teams; a foreign one is as missing as one that never was."""
    return get_object_or_404(selectors.applications_visible_to(person_of(request)), pk=application_id)


def examined_or_404(application_id: UUID) -> Application:
    """A dossier that was submitted at least once."""
    return get_object_or_404(selectors.applications_examined(), pk=application_id)


def seen_version(request: HttpRequest) -> int:
    """The version that the person saw, from the form; -1, which nothing ever has, when it is not a number."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def language_of() -> Language:
    """The reader's language: "fr" or "en"."""
    return "en" if (get_language() or "fr").startswith("en") else "fr"


def is_fragment(request: HttpRequest) -> bool:
    """Whether a live part of a page asks, rather than a whole page."""
    return bool(request.htmx)  # type: ignore[attr-defined]  # added by django_htmx's middleware
