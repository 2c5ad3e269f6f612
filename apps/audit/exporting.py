"""What auditors take away: an export that can be verified anywhere, and the proof of one event."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.audit import selectors
from apps.audit.canonical import event_bytes
from apps.audit.keys import trusted_file
from apps.audit.models import Checkpoint, Event, Seal
from apps.audit.rows import SEALED, snapshot, stream
from apps.audit.standalone import verify_audit
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError


def export(out: Path, *, since: int = 1) -> int:
    """Write the sealed events from checkpoint `since` on with what verifies them; returns how many events.

    Raises FileExistsError when the folder holds something already, TamperedError when a sealed event is gone,
    UncheckableError when nothing was sealed from there on.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    with snapshot():
        checkpoints = Checkpoint.objects.filter(sequence__gte=since).order_by("sequence")
        first = checkpoints.first()
        if first is None:
            raise UncheckableError(f"nothing is sealed from checkpoint {since} on")
        with (out / "checkpoints.jsonl").open("wb") as written:
            for checkpoint in checkpoints.iterator():
                written.write(checkpoint.signed + b"\n")
        count = _export_events(out / "events.jsonl", first.first)
    shutil.copyfile(trusted_file(), out / "public-key.pem")
    shutil.copyfile(verify_audit.__file__, out / "verify_audit.py")
    return count


def _export_events(file: Path, first: int) -> int:
    count = 0
    with file.open("wb") as written, stream(SEALED, [first]) as rows:
        for row in rows:
            if row.xid is None:
                raise TamperedError(f"position {row.position}: event {row.event_id} was deleted")
            written.write(event_bytes(row.content) + b"\n")
            count += 1
    return count


def proof_of(event: Event) -> dict[str, Any] | None:
    """The proof that this event was sealed where it was; None while it waits for its seal. Four queries.

    Anybody can check it with the public key alone: it holds the event, the path to the root and the signed checkpoint.
    """
    position = selectors.positions_of([event]).get(event.pk)
    if position is None:
        return None
    checkpoint = selectors.checkpoint_over(position)
    sealed = Seal.objects.filter(position__range=(checkpoint.first, checkpoint.last)).order_by("position")
    events = list(sealed.values_list("event_id", flat=True))
    leaf_of = dict(Event.objects.filter(pk__in=events).values_list("pk", "leaf"))
    leaves = [bytes(leaf_of[event_id]) for event_id in events]
    return {
        "v": verify_audit.VERSION,
        "event": event.content.decode(),
        "position": position,
        "path": [step.hex() for step in verify_audit.inclusion_path(leaves, position - checkpoint.first)],
        "checkpoint": asdict(checkpoint.signed_part),
        "signature": bytes(checkpoint.signature).hex(),
    }
