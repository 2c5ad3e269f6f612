"""What the views of the committee share."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from apps.accounts.navigation import person_of
from apps.committee import selectors
from apps.committee.models import File, Session


def file_or_404(request: HttpRequest, file_id: UUID) -> File:
    """A file before the committee; one in which the person has an interest is as missing as one that never was."""
    return get_object_or_404(selectors.files_visible_to(person_of(request)), pk=file_id)


def session_or_404(session_id: UUID) -> Session:
    """A session of the committee."""
    return get_object_or_404(selectors.sessions(), pk=session_id)
