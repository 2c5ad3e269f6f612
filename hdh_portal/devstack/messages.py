"""Compiling the translations (PO to MO) with the standard library, so that no system package is needed to run."""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterator
from pathlib import Path

from hdh_portal.devstack.errors import StackError

MAGIC = 0x950412DE
CONTEXT_MARK = "\x04"
PLURAL_MARK = "\x00"


def compile_folder(locale: Path) -> None:
    """Compile every catalogue of a locale folder beside its source. Raises StackError naming a malformed line."""
    for source in locale.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_bytes(machine_object(parse(source.read_text(encoding="utf-8"), str(source))))
        unfinished.rename(target)


def parse(text: str, name: str) -> dict[str, str]:
    """The finished translations of a PO text: key (with context and plural as in MO files) to text."""
    entries: dict[str, str] = {}
    for lines in _entries(text):
        _read_entry(lines, name, entries)
    return entries


def untranslated(text: str, name: str) -> list[str]:
    """The messages of a PO text that have no finished translation, in their order."""
    finished = parse(text, name)
    every: dict[str, str] = {}
    for lines in _entries(text):
        _read_entry([line for line in lines if not line.startswith("#,")], name, every, empty_too=True)
    return [key.split(PLURAL_MARK)[0] for key in every if key and key not in finished]


def _entries(text: str) -> Iterator[list[str]]:
    entry: list[str] = []
    translated = False
    for line in text.splitlines():
        if translated and line.startswith(("#", "msgctxt ", "msgid ")):
            yield entry
            entry, translated = [], False
        translated = translated or line.startswith("msgstr")
        entry.append(line.strip())
    yield entry


def _read_entry(lines: list[str], name: str, entries: dict[str, str], *, empty_too: bool = False) -> None:
    fields: dict[str, str] = {}
    keyword = ""
    for line in lines:
        if line.startswith("#") or not line:
            continue
        quoted = line
        if not line.startswith('"'):
            keyword, _, quoted = line.partition(" ")
        fields[keyword] = fields.get(keyword, "") + _unquoted(quoted, name, line)
    fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
    if fields and not (fuzzy and fields.get("msgid")):
        _add(fields, entries, empty_too)


def _unquoted(quoted: str, name: str, line: str) -> str:
    try:
        text = ast.literal_eval(quoted.strip())
    except (SyntaxError, ValueError) as error:
        raise StackError(f"{name} has a malformed line: {line}") from error
    if not isinstance(text, str):
        raise StackError(f"{name} has a malformed line: {line}")
    return text


def _add(fields: dict[str, str], entries: dict[str, str], empty_too: bool) -> None:
    key = fields.get("msgid", "")
    if "msgid_plural" in fields:
        key += PLURAL_MARK + fields["msgid_plural"]
    if "msgctxt" in fields:
        key = fields["msgctxt"] + CONTEXT_MARK + key
    forms = [text for keyword, text in sorted(fields.items()) if keyword.startswith("msgstr")]
    if empty_too or all(forms):
        entries[key] = PLURAL_MARK.join(forms)


def machine_object(entries: dict[str, str]) -> bytes:
    """The bytes of a little-endian GNU MO file: sorted keys, then translations, each ended by a zero."""
    pairs = sorted((key.encode(), text.encode()) for key, text in entries.items())
    keys, texts = [key for key, _ in pairs], [text for _, text in pairs]
    header = struct.calcsize("<7I")
    key_table, text_table = header, header + 8 * len(pairs)
    offset = header + 16 * len(pairs)
    key_places, offset = _places(keys, offset)
    text_places, _ = _places(texts, offset)
    numbers = [MAGIC, 0, len(pairs), key_table, text_table, 0, 0, *key_places, *text_places]
    tables = struct.pack(f"<{len(numbers)}I", *numbers)
    return tables + b"".join(part + b"\0" for part in [*keys, *texts])


def _places(parts: list[bytes], offset: int) -> tuple[list[int], int]:
    places: list[int] = []
    for part in parts:
        places += [len(part), offset]
        offset += len(part) + 1
    return places, offset
