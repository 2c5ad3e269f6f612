"""The verifier that needs neither portal nor database, on exports made by hand."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.audit.standalone import verify_audit
from apps.audit.standalone.verify_audit import (
    NO_CHECKPOINT,
    SIGNING_PREFIX,
    Checkpoint,
    canonical,
    fingerprint,
    inclusion_path,
    leaf_hash,
    published_name,
    tree_root,
)

KEY = Ed25519PrivateKey.generate()
EVENTS = [canonical({"action": f"test.{number}", "v": 1}) for number in range(10)]
BATCHES = ((1, 4), (5, 5), (6, 10))


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def checkpoints(key: Ed25519PrivateKey = KEY) -> list[tuple[Checkpoint, bytes]]:
    made: list[tuple[Checkpoint, bytes]] = []
    for number, (first, last) in enumerate(BATCHES, start=1):
        leaves = [leaf_hash(event) for event in EVENTS[first - 1 : last]]
        previous = made[-1][0].hash if made else NO_CHECKPOINT
        root = tree_root(leaves).hex()
        name = fingerprint(key.public_key())
        checkpoint = Checkpoint(number, first, last, root, previous, "2027-01-01T00:00:00.000000Z", name, last, last)
        made.append((checkpoint, key.sign(SIGNING_PREFIX + checkpoint.content)))
    return made


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of ten events in three batches, with the published folder beside it."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "events.jsonl").write_bytes(b"".join(event + b"\n" for event in EVENTS))
    signed = [checkpoint.signed(signature) + b"\n" for checkpoint, signature in checkpoints()]
    (folder / "checkpoints.jsonl").write_bytes(b"".join(signed))
    (folder / "public-key.pem").write_bytes(pem(KEY))
    for number, line in enumerate(signed, start=1):
        file = tmp_path / "published" / published_name(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(line)
    return folder


def run(*words: object) -> int:
    return verify_audit.main([str(word) for word in words])


def lines(file: Path, change: Callable[[list[bytes]], None]) -> None:
    """Change the lines of a file in place."""
    found = file.read_bytes().splitlines(keepends=True)
    change(found)
    file.write_bytes(b"".join(found))


def swap(found: list[bytes]) -> None:
    found[1], found[2] = found[2], found[1]


def edit(found: list[bytes]) -> None:
    found[3] = found[3].replace(b"test", b"tost")


def delete(found: list[bytes]) -> None:
    del found[6]


def insert(found: list[bytes]) -> None:
    found.insert(5, found[0])


def append(found: list[bytes]) -> None:
    found.append(found[0])


def cut(found: list[bytes]) -> None:
    found.pop()


def test_an_export_is_intact(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", export, "--checkpoints", export.parent / "published") == 0
    assert "events 1 to 10, checkpoints 1 to 3" in capsys.readouterr().out


@pytest.mark.parametrize("change", [swap, edit, delete, insert, append, cut])
def test_a_change_of_its_events_is_found(export: Path, change: Callable[[list[bytes]], None]) -> None:
    lines(export / "events.jsonl", change)
    assert run("export", export) == 1


@pytest.mark.parametrize("change", [swap, lambda found: found.pop(1), lambda found: found.append(found[2])])
def test_a_change_of_its_checkpoints_is_found(export: Path, change: Callable[[list[bytes]], None]) -> None:
    lines(export / "checkpoints.jsonl", change)
    assert run("export", export) == 1


def test_a_checkpoint_that_is_not_canonical_is_found(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines(export / "checkpoints.jsonl", lambda found: found.__setitem__(0, found[0].replace(b":1,", b": 1,", 1)))
    assert run("export", export) == 1
    assert "not in canonical form" in capsys.readouterr().out


@pytest.mark.parametrize("line", [b"{}\n", b"no json\n", b'{"checkpoint":{},"signature":""}\n', b"[]\n"])
def test_what_is_no_checkpoint_is_found(export: Path, line: bytes) -> None:
    lines(export / "checkpoints.jsonl", lambda found: found.__setitem__(1, line))
    assert run("export", export) == 1


def test_a_later_part_starts_where_it_says(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given an export from the second checkpoint on, then it is intact and names the checkpoint it starts after."""
    lines(export / "events.jsonl", lambda found: found.__delitem__(slice(0, 4)))
    lines(export / "checkpoints.jsonl", lambda found: found.pop(0))
    assert run("export", export) == 0
    assert checkpoints()[0][0].hash in capsys.readouterr().out


def test_the_checkpoints_of_another_key_are_refused(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given an export that somebody sealed anew with a key of theirs, then the trusted key tells."""
    other = Ed25519PrivateKey.generate()
    signed = [checkpoint.signed(signature) + b"\n" for checkpoint, signature in checkpoints(other)]
    (export / "checkpoints.jsonl").write_bytes(b"".join(signed))
    assert run("export", export) == 1
    assert "not trusted" in capsys.readouterr().out


def test_a_signature_of_something_else_is_found(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkpoint, _), (_, other), *_ = checkpoints()
    lines(export / "checkpoints.jsonl", lambda found: found.__setitem__(0, checkpoint.signed(other) + b"\n"))
    assert run("export", export) == 1
    assert "its signature is wrong" in capsys.readouterr().out


def test_an_export_with_another_past_than_was_published_is_found(export: Path) -> None:
    file = export.parent / "published" / published_name(2)
    file.write_bytes(file.read_bytes().replace(b'"last":5', b'"last":6'))
    assert run("export", export, "--checkpoints", export.parent / "published") == 1


def test_what_was_not_published_cannot_be_checked(export: Path) -> None:
    (export.parent / "published" / published_name(2)).unlink()
    assert run("export", export, "--checkpoints", export.parent / "published") == 2


def test_an_empty_or_missing_export_cannot_be_checked(export: Path, tmp_path: Path) -> None:
    (export / "events.jsonl").write_bytes(b"")
    (export / "checkpoints.jsonl").write_bytes(b"")
    assert run("export", export) == 2
    assert run("export", tmp_path / "nowhere", "--public-key", export / "public-key.pem") == 2


def test_events_without_any_checkpoint_are_found(export: Path) -> None:
    (export / "checkpoints.jsonl").write_bytes(b"")
    assert run("export", export) == 1


def test_keys_of_several_years_are_trusted_together(export: Path) -> None:
    (export / "public-key.pem").write_bytes(pem(Ed25519PrivateKey.generate()) + pem(KEY))
    assert run("export", export) == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
)
def test_without_a_key_nothing_can_be_checked(export: Path, content: bytes) -> None:
    (export / "public-key.pem").write_bytes(content)
    assert run("export", export) == 2


def proof(position: int) -> dict[str, object]:
    checkpoint, signature = next(found for found in checkpoints() if found[0].first <= position <= found[0].last)
    leaves = [leaf_hash(event) for event in EVENTS[checkpoint.first - 1 : checkpoint.last]]
    path = inclusion_path(leaves, position - checkpoint.first)
    return {
        **json.loads(checkpoint.signed(signature)),
        "event": EVENTS[position - 1].decode(),
        "position": position,
        "path": [step.hex() for step in path],
    }


def prove(export: Path, document: object, *more: object) -> int:
    file = export.parent / "proof.json"
    file.write_text(json.dumps(document, indent=2))
    return run("proof", file, "--public-key", export / "public-key.pem", *more)


@pytest.mark.parametrize("position", range(1, 11))
def test_every_event_is_proved(export: Path, position: int) -> None:
    assert prove(export, proof(position)) == 0
    assert prove(export, proof(position), "--checkpoints", export.parent / "published") == 0


@pytest.mark.parametrize("position", range(1, 11))
def test_no_event_is_proved_elsewhere_or_otherwise(export: Path, position: int) -> None:
    good = proof(position)
    others = [place for place in range(12) if place != position]
    assert {prove(export, {**good, "position": other}) for other in others} == {1}
    assert prove(export, {**good, "event": EVENTS[position % 10].decode()}) == 1


@pytest.mark.parametrize("document", [{}, [], {**proof(1), "path": 3}, {**proof(1), "position": "first"}])
def test_what_is_no_proof_cannot_be_checked(export: Path, document: object) -> None:
    assert prove(export, document) == 2


def test_it_is_one_file_that_needs_nothing_of_the_portal(export: Path) -> None:
    """Given a copy of the file alone, when it runs outside the portal, then it verifies the export."""
    shutil.copyfile(verify_audit.__file__, export / "verify_audit.py")
    command = [sys.executable, "-I", "-W", "error", "verify_audit.py", "export", "."]
    done = subprocess.run(command, cwd=export, capture_output=True, text=True, check=False, env={})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Intact")
