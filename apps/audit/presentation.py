"""What the auditor's pages show."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag

from apps.audit import rules, selectors, subjects, wording
from apps.audit.forms import SearchForm
from apps.audit.models import Event, Verdict
from apps.audit.roles import excessive_rights
from apps.audit.selectors import EventPage, Reader
from apps.audit.standalone.verify_audit import leaf_hash

VERIFICATIONS_SHOWN = 10


@dataclass(frozen=True)
class Line:
    """An event in a list."""

    event: Event
    actor: str
    sentence: str
    position: int | None


def search_page(form: SearchForm, page: EventPage | None) -> dict[str, Any]:
    """The filters and the events found; three statements, however many there are."""
    events = page.events if page else []
    names = selectors.names_of(event.actor for event in events)
    positions = selectors.positions_of(events) if events else {}
    lines = [
        Line(event, wording.actor_of(event, names), wording.sentence_of(event, names), positions.get(event.pk))
        for event in events
    ]
    return {"form": form, "lines": lines, "older": page.older if page else None, "actions": sorted(wording.sentences())}


def readers_page(form: SearchForm, readers: list[Reader] | None) -> dict[str, Any]:
    """Who saw an object; `readers` is None while no object was named."""
    names = selectors.names_of(reader.actor for reader in readers or ())
    lines = [(names.get(reader.actor, reader.actor), reader) for reader in readers or ()]
    return {"form": form, "asked": readers is not None, "lines": lines}


def event_page(event: Event) -> dict[str, Any]:
    """One event, its personal fields in clear if they are neither erased nor spoilt, and its place in the log."""
    names = selectors.names_of([event.actor])
    position = selectors.positions_of([event]).get(event.pk)
    return {
        "event": event,
        "actor": wording.actor_of(event, names),
        "sentence": wording.sentence_of(event, names),
        "leaf": bytes(event.leaf).hex(),
        "is_unchanged": leaf_hash(event.content) == bytes(event.leaf),
        "position": position,
        "checkpoint": selectors.checkpoint_over(position) if position else None,
        **_personal(event),
    }


def _personal(event: Event) -> dict[str, Any]:
    if not event.subject:
        return {"personal": None, "personal_state": "none"}
    try:
        fields = subjects.personal_of([event])[event.pk]
    except InvalidTag:
        return {"personal": None, "personal_state": "unreadable"}
    return {"personal": fields, "personal_state": "erased" if fields is None else "clear"}


def seal_page(fingerprints: list[str]) -> dict[str, Any]:
    """The state of the seal and the last verifications."""
    state = selectors.seal_state()
    verifications = list(selectors.last_verifications()[:VERIFICATIONS_SHOWN])
    return {
        "state": state,
        "lag_seconds": round(state.lag.total_seconds()) if state.lag else 0,
        "is_late": rules.seal_is_late(state.lag),
        "verifications": verifications,
        "last_verdict": verifications[0].verdict if verifications else "",
        "verdicts": Verdict,
        "fingerprints": fingerprints,
        "excessive_rights": excessive_rights(),
    }
