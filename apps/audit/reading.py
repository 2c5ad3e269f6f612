"""Reading sensitive pages leaves an event, as changing them does: `@reads(...)` on a view, or `event_read` inside it.

No event, no reading: the event is committed before the answer leaves, and an answer whose event cannot be written is
not given. The same person reading the same thing again within five minutes, in the same session, is one reading
(rules.SAME_READING_WITHIN): pages that renew themselves would otherwise bury the log.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.audit import rules
from apps.audit.models import Event
from apps.audit.services import event_append

View = Callable[..., HttpResponseBase]
UNPROCESSABLE = 422  # a refused form shows the page again, with what it holds


def reads(action: str, *, object_kind: str, object_id: str, dossier_id: str | None = None) -> Callable[[View], View]:
    """Record a reading each time the view shows its page. `object_id` and `dossier_id` name arguments of the URL."""

    def mark(view: View) -> View:
        @wraps(view)
        def reading(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            if response.status_code in (200, UNPROCESSABLE):
                event_read(
                    request,
                    action=action,
                    object_kind=object_kind,
                    object_id=kwargs[object_id],
                    dossier_id=kwargs[dossier_id] if dossier_id else None,
                )
            return response

        return reading

    return mark


def event_read(
    request: HttpRequest,
    *,
    action: str,
    object_kind: str,
    object_id: str | int | UUID,
    dossier_id: str | UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event | None:
    """Record that the person of this request saw an object; None when this reading is recorded already."""
    event = Event(
        action=action,
        actor=str(request.user.pk),
        object_kind=object_kind,
        object_id=str(object_id),
        dossier_id=UUID(str(dossier_id)) if dossier_id else None,
        data={**(data or {}), "session": _session_mark(request)},
        reading=True,
    )
    if _is_known(event):
        return None
    with transaction.atomic():
        return event_append(event)


def _is_known(event: Event) -> bool:
    return Event.objects.filter(
        actor=event.actor,
        action=event.action,
        object_kind=event.object_kind,
        object_id=event.object_id,
        dossier_id=event.dossier_id,
        data=event.data,
        reading=True,
        at__gte=timezone.now() - rules.SAME_READING_WITHIN,
    ).exists()


def _session_mark(request: HttpRequest) -> str:
    """A name for the session that tells sessions apart and cannot be used as one."""
    return salted_hmac("audit.reading", request.session.session_key or "").hexdigest()[:16]
