"""PDF documents from templates, made on this machine alone: fonts, pictures and styles are the portal's static files.

A template extends `print/base.html` and fills its blocks `title` and `content`. The document is tagged (PDF/UA-1), so
that a screen reader follows it.
"""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

SCHEME = "static:"
ACCESSIBLE = "pdf/ua-1"


class FetchRefused(FatalURLFetchingError):
    """A document asked for something that is not a static file of the portal."""


class StaticFetcher(URLFetcher):
    """Opens `static:path/of/a/file` and nothing else."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        found = _static_file(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
        if found is None:
            raise FetchRefused("a printed document may hold static files of the portal only")
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, found.read_bytes(), {"Content-Type": kind})


def _static_file(name: str) -> Path | None:
    try:
        found = finders.find(name)
    except SuspiciousFileOperation:
        return None
    return Path(found) if isinstance(found, str) else None


def pdf_from_template(template: str, context: Mapping[str, Any], language: str) -> bytes:
    """The PDF of a template rendered in `language` ("fr" or "en").

    Raises FetchRefused when the page names anything but `static:` files: no address is ever fetched.
    """
    with translation.override(language):
        page = render_to_string(template, {**context, "language": language})
    document = HTML(string=page, base_url=SCHEME, url_fetcher=StaticFetcher())
    return bytes(document.write_pdf(font_config=FontConfiguration(), pdf_variant=ACCESSIBLE) or b"")
