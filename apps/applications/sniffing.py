"""What a file really is, from its bytes: the name a browser sends proves nothing. Pure.

Sources: ISO 32000 (PDF), ECMA-376 (DOCX), OASIS ODF 1.3 part 2 (ODT), PNG third edition, ITU-T T.81 (JPEG).
"""

import zipfile
import zlib
from collections.abc import Callable, Mapping
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
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


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
