"""What a file really is, from its bytes: the name a browser sends proves nothing. Pure.

Sources: ISO 32000 (PDF), ECMA-376 (DOCX), OASIS ODF 1.3 part 2 (ODT), PNG third edition, ITU-T T.81 (JPEG).
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from io import BytesIO

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
TXT = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"

EXTENSIONS: Mapping[str, str] = {
    "pdf": PDF,
    "docx": DOCX,
    "odt": ODT,
    "txt": TXT,
    "png": PNG,
    "jpg": JPEG,
    "jpeg": JPEG,
}

MAX_ENTRIES = 2_000
MAX_UNPACKED = 100 * 1024 * 1024
# Text and pictures of a document pack some 20 times at most; what packs far better is made to fill a disk.
MAX_RATIO = 200
RATIO_FROM = 1024 * 1024
# The container of encrypted DOCX, and of the formats before it.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# In a PDF these words stand in the clear unless somebody hid them in a compressed stream.
PDF_ENCRYPTED = re.compile(rb"/Encrypt\b")
PDF_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia)\b")
MACRO_PARTS = re.compile(r"(?i)(?:^|/)(?:vbaproject\.bin|basic/|scripts/|.*\.(?:exe|dll|vbs|js|bat|cmd|ps1|jar)$)")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Fault(StrEnum):
    """Why a file is not accepted."""

    UNKNOWN = "unknown"  # damaged, or not what its name says
    ENCRYPTED = "encrypted"
    ACTIVE = "active"  # macros, scripts, files within
    BOMB = "bomb"


def fault_of(data: bytes, expected: str) -> Fault | None:
    """What keeps a file that should be of the type `expected` from being accepted; None when nothing does."""
    if data.startswith(OLE_SIGNATURE):
        return Fault.ENCRYPTED
    found = _pdf_fault(data) if expected == PDF else _archive_fault(data) if expected in {DOCX, ODT} else None
    if found is None and media_type(data) != expected:
        return Fault.UNKNOWN
    return found


def _pdf_fault(data: bytes) -> Fault | None:
    if PDF_ENCRYPTED.search(data):
        return Fault.ENCRYPTED
    return Fault.ACTIVE if PDF_ACTIVE.search(data) else None


def _archive_fault(data: bytes) -> Fault | None:
    """What the table of contents of an archive tells before anything is unpacked."""
    try:
        entries = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError):
        return Fault.UNKNOWN
    if any(entry.flag_bits & 1 for entry in entries) or _odf_is_encrypted(data, entries):
        return Fault.ENCRYPTED
    if _is_bomb(entries):
        return Fault.BOMB
    return Fault.ACTIVE if any(MACRO_PARTS.search(entry.filename) for entry in entries) else None


def _is_bomb(entries: list[zipfile.ZipInfo]) -> bool:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    too_dense = unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1)
    return len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or too_dense


def _odf_is_encrypted(data: bytes, entries: list[zipfile.ZipInfo]) -> bool:
    manifest = next((entry for entry in entries if entry.filename == "META-INF/manifest.xml"), None)
    if manifest is None or manifest.file_size > RATIO_FROM:
        return False
    try:
        return b"encryption-data" in zipfile.ZipFile(BytesIO(data)).read(manifest)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return False


def media_type(data: bytes) -> str | None:
    """The media type of a whole, well-formed file of an accepted kind; None for anything else."""
    for kind, is_one in _RECOGNISERS.items():
        if is_one(data):
            return kind
    return None


def expected_type(name: str) -> str | None:
    """The media type that the extension of a file name promises; None for an extension that is not accepted."""
    return EXTENSIONS.get(name.rpartition(".")[2].lower())


def is_pdf(data: bytes) -> bool:
    """A PDF header, at least one object, and the end marker where readers look for it."""
    return data.startswith(b"%PDF-") and b" obj" in data and b"%%EOF" in data[-1024:]


def is_png(data: bytes) -> bool:
    """The signature, then chunks whose checksums hold, from IHDR to IEND at the very end."""
    if not data.startswith(PNG_SIGNATURE):
        return False
    position, kinds = len(PNG_SIGNATURE), []
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        body, end = data[position + 4 : position + 8 + length], position + 12 + length
        if data[end - 4 : end] != zlib.crc32(body).to_bytes(4, "big"):
            return False
        kinds.append(body[:4])
        position = end
    return position == len(data) and kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"]


def is_jpeg(data: bytes) -> bool:
    """Start of image, a frame, a scan, end of image."""
    has_frame = any(marker in data for marker in (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2"))
    return (
        data.startswith(b"\xff\xd8\xff")
        and has_frame
        and b"\xff\xda" in data
        and data.rstrip(b"\0").endswith(b"\xff\xd9")
    )


def is_docx(data: bytes) -> bool:
    """A sound archive with the parts of a word-processing document and no macro."""
    archive = _archive(data)
    if archive is None:
        return False
    names = set(archive.namelist())
    has_macro = any(name.lower().endswith("vbaproject.bin") for name in names)
    return {"[Content_Types].xml", "word/document.xml"} <= names and not has_macro


def is_odt(data: bytes) -> bool:
    """A sound archive that begins with the media type of a text document and holds its content."""
    archive = _archive(data)
    if archive is None or archive.namelist()[:1] != ["mimetype"] or "content.xml" not in archive.namelist():
        return False
    return archive.read("mimetype") == ODT.encode()


def _archive(data: bytes) -> zipfile.ZipFile | None:
    """A ZIP archive that unpacks to a reasonable size, is not encrypted, and whose checksums hold."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            return None
        return archive if archive.testzip() is None else None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
        return None


def is_text(data: bytes) -> bool:
    """UTF-8 text without control characters other than line ends, tabs and form feeds."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return bool(text) and not any((ord(char) < 32 and char not in "\t\n\r\f") or char == "\x7f" for char in text)


_RECOGNISERS: Mapping[str, Callable[[bytes], bool]] = {
    PDF: is_pdf,
    PNG: is_png,
    JPEG: is_jpeg,
    DOCX: is_docx,
    ODT: is_odt,
    TXT: is_text,
}
