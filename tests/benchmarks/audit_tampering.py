"""A thousand random acts of tampering, each alone on an intact log, and as many controls in which nothing was done."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connection, transaction

from apps.audit.models import Event
from apps.audit.standalone.verify_audit import TamperedError, leaf_hash
from apps.audit.verification import verify_here
from tests.factories.audit import Log, new_log, recorded

EVENTS = 60
WAITING = 3
Act = Callable[[random.Random], str]


class _UndoError(Exception):
    """Takes everything back that was done in a transaction."""


def tampering(log: Log, number: int, seed: int) -> dict[str, Any]:
    """Try `number` acts; every one has to be found, and every control to be intact."""
    small = _small_log(log)
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    missed: list[str] = []
    alarms: list[str] = []
    for _ in range(number):
        name = chance.choice(list(ACTS))
        tried[name] += 1
        told, found = _attempt(small, ACTS[name], chance)
        if not found:
            missed.append(f"{name}: {told}")
        _, alarm = _attempt(small, _nothing, chance)
        alarms += [alarm] if alarm else []
    return {
        "found": number - len(missed),
        "false_alarms": len(alarms),
        "tried": dict(tried),
        "missed": missed[:10],
        "alarms": alarms[:10],
    }


def _small_log(log: Log) -> Log:
    """A log of a few checkpoints in place of the large one."""
    with connection.cursor() as cursor:
        for table in ("audit_event", "audit_seal", "audit_checkpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_not_emptied")
            cursor.execute(f"TRUNCATE {table}")
    place = log.folder.parent / "small"
    place.mkdir()
    small = new_log(place)
    for _ in range(6):
        recorded(EVENTS // 6)
        small.seal()
    return small


def _attempt(log: Log, act: Act, chance: random.Random) -> tuple[str, str]:
    """What was done to the log and to some events that wait for their seal, and what verification said, if anything.

    Everything is undone afterwards.
    """
    told, found, latest = "", "", log.published.latest()
    with suppress(_UndoError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        recorded(WAITING)
        told = act(chance)
        try:
            verify_here(log.keys, log.published, latest)
        except TamperedError as error:
            found = str(error)
        raise _UndoError
    return told, found


def _run(statement: str, *parameters: str | int | bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _ids(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def _nothing(_chance: random.Random) -> str:
    return "nothing"


def _event(chance: random.Random, *, sealed: bool) -> int:
    return chance.choice(_ids("SELECT event_id FROM audit_seal" if sealed else "SELECT id FROM audit_event"))


def edit(chance: random.Random) -> str:
    """Change a column of an event, or of a seal or checkpoint; half of the time with a leaf that fits."""
    table = chance.choice(["event", "event", "event", "seal", "checkpoint"])
    if table == "seal":
        position = chance.choice(_ids("SELECT position FROM audit_seal"))
        _run("UPDATE audit_seal SET event_id = event_id + 100000 WHERE position = %s", position)
        return f"seal {position}"
    if table == "checkpoint":
        return _edit_checkpoint(chance)
    fits = chance.random() < 0.5
    event = Event.objects.get(pk=_event(chance, sealed=fits))
    change = chance.choice(["actor", "action", "object_kind", "object_id", "request_id"])
    setattr(event, change, f"x{chance.randrange(10**6)}")
    leaf = leaf_hash(event.content) if fits else bytes(event.leaf)
    _run(f"UPDATE audit_event SET {change} = %s, leaf = %s WHERE id = %s", getattr(event, change), leaf, event.pk)
    return f"{change} of event {event.pk}, {'with' if fits else 'without'} its leaf"


def _edit_checkpoint(chance: random.Random) -> str:
    sequence = chance.choice(_ids("SELECT sequence FROM audit_checkpoint"))
    change = chance.choice(
        [
            "root = encode(sha256(root::bytea), 'hex')",
            "previous = encode(sha256(previous::bytea), 'hex')",
            "at = at + interval '1 second'",
            "signature = sha512(signature)",
            "mark_event = mark_event + 1",
            "last = last + 1000",
            "first = first - 1",
        ]
    )
    _run(f"UPDATE audit_checkpoint SET {change} WHERE sequence = %s", sequence)
    return f"checkpoint {sequence}: {change}"


def delete(chance: random.Random) -> str:
    """Remove a sealed event, with or without its seal, or a checkpoint."""
    kind = chance.choice(["event", "event and seal", "seal", "checkpoint"])
    if kind == "checkpoint":
        sequence = chance.choice(_ids("SELECT sequence FROM audit_checkpoint"))
        _run("DELETE FROM audit_checkpoint WHERE sequence = %s", sequence)
        return f"checkpoint {sequence}"
    event = _event(chance, sealed=True)
    if "event" in kind:
        _run("DELETE FROM audit_event WHERE id = %s", event)
    if "seal" in kind:
        _run("DELETE FROM audit_seal WHERE event_id = %s", event)
    return f"{kind} {event}"


def insert(chance: random.Random) -> str:
    """Add an event in the past, with a leaf that fits; half of the time with a position of its own."""
    model = Event.objects.get(pk=_event(chance, sealed=True))
    xid = _ids(f"SELECT xid::text::bigint FROM audit_event WHERE id = {model.pk}")[0]
    model.pk, model.object_id = -chance.randrange(1, 10**6), "forged"
    model.leaf = leaf_hash(model.content)
    model.save(force_insert=True)
    _run("UPDATE audit_event SET xid = %s::text::xid8 WHERE id = %s", xid, model.pk)
    if chance.random() < 0.5:
        _run("INSERT INTO audit_seal VALUES ((SELECT max(position) + 1 FROM audit_seal), %s)", model.pk)
        return f"event {model.pk} with a position after the last"
    return f"event {model.pk} behind the seal"


def reorder(chance: random.Random) -> str:
    """Let two positions change their events."""
    one, two = chance.sample(_ids("SELECT position FROM audit_seal"), 2)
    _exchange("audit_seal", "position", one, two)
    return f"positions {one} and {two}"


def swap(chance: random.Random) -> str:
    """Let two events change their rows, by number or by content."""
    one, two = chance.sample(_ids("SELECT event_id FROM audit_seal"), 2)
    if chance.random() < 0.5:
        _exchange("audit_event", "id", one, two)
        return f"numbers of events {one} and {two}"
    _run(
        "UPDATE audit_event e SET actor = o.actor, object_id = o.object_id, at = o.at, uid = o.uid, leaf = o.leaf,"
        " data = o.data, action = o.action FROM audit_event o"
        " WHERE (e.id, o.id) IN ((%s, %s), (%s, %s))",
        *(one, two, two, one),
    )
    return f"content of events {one} and {two}"


def _exchange(table: str, column: str, one: int, two: int) -> None:
    aside = -(10**9)
    for before, after in ((one, aside), (two, one), (aside, two)):
        _run(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", after, before)


def cut(chance: random.Random) -> str:
    """Remove the last checkpoints with all that they cover, as if it had never been."""
    last = max(_ids("SELECT sequence FROM audit_checkpoint"))
    kept = chance.randrange(last)
    _run("DELETE FROM audit_checkpoint WHERE sequence > %s", kept)
    _run("DELETE FROM audit_seal WHERE position > coalesce((SELECT max(last) FROM audit_checkpoint), 0)")
    if chance.random() < 0.5:
        _run("DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_seal)")
    return f"all after checkpoint {kept}"


def roll_back(chance: random.Random) -> str:
    """Put everything back to an earlier moment, then let others work on: new events, no checkpoint for them yet."""
    told = cut(chance)
    recorded(chance.randrange(1, 4), object_id="after the roll-back")
    return f"{told}, with new events"


ACTS: dict[str, Act] = {
    "edit": edit,
    "delete": delete,
    "insert": insert,
    "reorder": reorder,
    "cut": cut,
    "swap": swap,
    "roll back": roll_back,
}
