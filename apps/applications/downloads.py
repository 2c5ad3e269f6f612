"""Documents as answers: one file, or all of them in one archive, made while it is sent."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Protocol

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.applications import selectors, storage
from apps.applications.models import Application, Attachment
from apps.core.errors import PortalError

CLOSED = {
    Attachment.Scan.PENDING: gettext_lazy(
        "The virus scan of this document is not finished. Nothing was lost: try again in a moment."
    ),
    Attachment.Scan.INFECTED: gettext_lazy("A virus was found in this document: nobody can open it."),
    Attachment.Scan.UNSCANNABLE: gettext_lazy("This document could not be scanned for viruses: nobody can open it."),
    Attachment.Scan.NOT_SCANNED: gettext_lazy("This document was never scanned for viruses: nobody can open it."),
}


class DocumentClosed(PortalError):
    """The document may not be given to anybody yet, or ever."""

    status = 409


class Document(Protocol):
    """A stored file of any room, and what the virus scanner said of it."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def storage_key(self) -> str: ...
    @property
    def sealed_key(self) -> Any: ...
    @property
    def scan(self) -> str: ...
    @property
    def is_open(self) -> bool: ...


def document_response(document: Document) -> FileResponse:
    """The bytes, always as a file to keep, never as a page to show. Raises DocumentClosed unless it was found clean."""
    if not document.is_open:
        raise DocumentClosed(CLOSED[Attachment.Scan(document.scan)])
    data = storage.opened(document.storage_key, bytes(document.sealed_key))
    response = FileResponse(
        io.BytesIO(data), as_attachment=True, filename=document.name, content_type=document.media_type
    )
    sealed_off(response)
    return response


def archive_response(application: Application) -> StreamingHttpResponse:
    """Every document that may be opened, and a list of those that may not, in one ZIP file."""
    documents = list(selectors.attachments_of(application))
    response = StreamingHttpResponse(_zipped(documents), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{application.number}.zip"'
    sealed_off(response)
    return response


def sealed_off(response: HttpResponseBase) -> None:
    """Give the answer headers by which no browser takes it for a page."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"


class _Pipe(io.RawIOBase):
    """Where the archive is written: what was written is taken away at once, so that one document is held at a time."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zipped(documents: list[Attachment]) -> Iterator[bytes]:
    pipe = _Pipe()
    left_out = []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        for number, document in enumerate(documents, 1):
            if document.is_open:
                made.writestr(
                    f"{number:02d}-{document.kind}-{document.name}",
                    storage.opened(document.storage_key, bytes(document.sealed_key)),
                )
            else:
                left_out.append(f"{document.name}: {document.get_scan_display()}")
            yield pipe.taken()
        if left_out:
            made.writestr(_("LEFT-OUT.txt"), "\n".join(left_out))
    yield pipe.taken()
