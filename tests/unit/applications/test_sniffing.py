"""What a file really is."""

import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import sniffing

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer << >>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xc0\x00\x0b\xff\xda\x00\x08data\xff\xd9"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


PNG = sniffing.PNG_SIGNATURE + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"x") + chunk(b"IEND")


def archive(**parts: str) -> bytes:
    """A ZIP archive with these parts, in order ("__" stands for "/", "_dot_" for ".")."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return buffer.getvalue()


def docx(**more: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in {"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>", **more}.items():
            made.writestr(name, text)
    return buffer.getvalue()


ODT = archive(mimetype=sniffing.ODT, content_dot_xml="<x/>")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, sniffing.PDF),
        (PNG, sniffing.PNG),
        (JPEG, sniffing.JPEG),
        (docx(), sniffing.DOCX),
        (ODT, sniffing.ODT),
        ("Protocole : été\n".encode(), sniffing.TXT),
        (b"\xef\xbb\xbfwith a mark", sniffing.TXT),
    ],
)
def test_accepted_kinds_are_recognised(data: bytes, kind: str) -> None:
    assert sniffing.media_type(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF\x00\x01",
        b"MZ\x90\x00",
        b"\xff\xfe\x00",
        PDF[:-8] + b"\x00" * 2000,
        b"%PDF-1.7 nothing\x00 %%EOF",
        PNG[:-1],
        PNG + b"\x00",
        PNG.replace(b"IDAT", b"IDAU"),
        sniffing.PNG_SIGNATURE + chunk(b"IDAT") + chunk(b"IEND"),
        sniffing.PNG_SIGNATURE,
        JPEG[:-2] + b"\x01\x01",
        docx(**{"word/vbaProject.bin": "macro"}),
        archive(other_dot_txt="x"),
        archive(mimetype="application/zip", content_dot_xml="<x/>"),
        archive(mimetype=sniffing.ODT),
        archive(first="x", mimetype=sniffing.ODT, content_dot_xml="<x/>"),
        docx()[:-30],
        b"PK\x03\x04" + b"\x00" * 50,
    ],
)
def test_anything_else_is_not(data: bytes) -> None:
    assert sniffing.media_type(data) is None


def test_an_archive_whose_content_is_damaged_is_refused() -> None:
    data = ODT.replace(b"<x/>", b"<y/>", 1)
    assert sniffing.media_type(data) is None


def test_an_archive_of_too_many_parts_is_refused() -> None:
    assert sniffing.media_type(docx(**{f"word/{n}.xml": "" for n in range(sniffing.MAX_ENTRIES)})) is None


def test_an_archive_that_would_unpack_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniffing, "MAX_UNPACKED", 100)
    assert sniffing.media_type(docx(**{"word/big.xml": "x" * 200})) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PDF", sniffing.PDF), ("b.jpeg", sniffing.JPEG), ("c.tar.gz", None), ("noextension", None), ("d.docm", None)],
)
def test_what_a_name_promises(name: str, kind: str | None) -> None:
    assert sniffing.expected_type(name) == kind


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert sniffing.media_type(data) in {None, *sniffing.EXTENSIONS.values()}


def odt(**more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in {"mimetype": sniffing.ODT.encode(), "content.xml": b"<x/>", **more}.items():
            made.writestr(name, data)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    """The table of contents of an archive says that its first entry is encrypted."""
    data = bytearray(docx())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(mark) + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "kind", "fault"),
    [
        (PDF, sniffing.PDF, None),
        (docx(), sniffing.DOCX, None),
        (odt(), sniffing.ODT, None),
        (PDF, sniffing.PNG, sniffing.Fault.UNKNOWN),
        (b"PK\x03\x04 broken", sniffing.DOCX, sniffing.Fault.UNKNOWN),
        (b"%PDF-1.7 1 0 obj << /Encrypt 2 0 R >> %%EOF", sniffing.PDF, sniffing.Fault.ENCRYPTED),
        (sniffing.OLE_SIGNATURE + bytes(512), sniffing.DOCX, sniffing.Fault.ENCRYPTED),
        (encrypted_zip(), sniffing.DOCX, sniffing.Fault.ENCRYPTED),
        (odt(**{"META-INF/manifest.xml": b"<manifest:encryption-data/>"}), sniffing.ODT, sniffing.Fault.ENCRYPTED),
        (odt(**{"META-INF/manifest.xml": b"<manifest/>"}), sniffing.ODT, None),
        (b"%PDF-1.7 1 0 obj << /S /JavaScript /JS (x) >> %%EOF", sniffing.PDF, sniffing.Fault.ACTIVE),
        (b"%PDF-1.7 1 0 obj << /S /Launch >> %%EOF", sniffing.PDF, sniffing.Fault.ACTIVE),
        (docx(**{"word/vbaProject.bin": "x"}), sniffing.DOCX, sniffing.Fault.ACTIVE),
        (odt(**{"Basic/Standard/Module1.xml": b"x"}), sniffing.ODT, sniffing.Fault.ACTIVE),
        (docx(**{"word/embeddings/run.exe": "x"}), sniffing.DOCX, sniffing.Fault.ACTIVE),
        (odt(**{"zeros.bin": bytes(8_000_000)}), sniffing.ODT, sniffing.Fault.BOMB),
    ],
)
def test_what_keeps_a_file_from_being_accepted(data: bytes, kind: str, fault: sniffing.Fault | None) -> None:
    assert sniffing.fault_of(data, kind) is fault


@given(st.binary(max_size=400), st.sampled_from([sniffing.PDF, sniffing.DOCX, sniffing.ODT, sniffing.TXT]))
def test_no_bytes_make_the_check_fail(data: bytes, kind: str) -> None:
    for start in (b"", b"PK\x03\x04", b"%PDF-"):
        assert sniffing.fault_of(start + data, kind) in {None, *sniffing.Fault}
