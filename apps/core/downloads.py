"""Documents that the portal made itself, handed to a browser."""

from django.http import HttpResponse


def pdf_response(document: bytes, name: str) -> HttpResponse:
    """A PDF to keep under this name (without extension)."""
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
