"""Printed documents: whole, tagged, in the reader's language, made without asking anybody for anything."""

from io import BytesIO

import pytest
from django.template import engines
from pypdf import PdfReader

from apps.core import printing

PAGE = """{% extends "print/base.html" %}{% load i18n %}{% block title %}Essai{% endblock %}
{% block reference %}HDH-2026-0001{% endblock %}
{% block content %}<h1>{% translate "Team" %}</h1>{{ body }}{% endblock %}"""


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates are given as text."""
    monkeypatch.setattr(
        printing,
        "render_to_string",
        lambda text, context: engines["django"].from_string(text).render(context),
    )


@pytest.mark.usefixtures("render")
def test_a_document_is_tagged_and_in_the_readers_language() -> None:
    document = PdfReader(BytesIO(printing.pdf_from_template(PAGE, {"body": "Écrit en août"}, "fr")))
    text = document.pages[0].extract_text()
    assert "Équipe" in text
    assert "Écrit en août" in text
    assert "HDH-2026-0001" in text
    assert document.metadata is not None
    assert document.metadata.title == "Essai"
    assert "/StructTreeRoot" in document.trailer["/Root"]
    assert document.trailer["/Root"]["/Lang"] == "fr"


@pytest.mark.usefixtures("render")
def test_what_people_typed_is_text_and_never_markup() -> None:
    typed = '<img src="https://example.org/beacon.png">'
    document = PdfReader(BytesIO(printing.pdf_from_template(PAGE, {"body": typed}, "en")))
    assert "example.org/beacon.png" in document.pages[0].extract_text()


@pytest.mark.usefixtures("render")
@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "file:///etc/passwd", "static:../settings/base.py", "static:absent.png"]
)
def test_a_template_that_names_anything_but_a_static_file_prints_nothing(address: str) -> None:
    with pytest.raises(printing.FetchRefused):
        printing.pdf_from_template(PAGE.replace("{{ body }}", f'<img src="{address}" alt="">'), {}, "fr")
