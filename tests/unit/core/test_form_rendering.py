"""Widgets written without a template are those that Django's own templates write."""

import re
from datetime import date
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override

from apps.core.form_rendering import WidgetRenderer

GROUPED = [("", "—"), ("North & east", [("a", "A < B"), ("b", gettext_lazy("Yes"))]), (12345, 12345)]
ATTRIBUTES = {
    "class": 'a "quoted" <name>',
    "required": True,
    "disabled": False,
    "rows": 3,
    "data-x": mark_safe("&amp;"),
}
WIDGETS = [
    (forms.TextInput(), "typed \"<&>'"),
    (forms.TextInput(), None),
    (forms.TextInput(), ""),
    (forms.HiddenInput(), 12345),
    (forms.PasswordInput(), "never shown"),
    (forms.NumberInput(attrs={"step": "any"}), 1234.5),
    (forms.EmailInput(), mark_safe("<b>kept</b>")),
    (forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), date(2026, 3, 1)),
    (forms.CheckboxInput(), True),
    (forms.CheckboxInput(), False),
    (forms.FileInput(), None),
    (forms.Textarea(attrs={"rows": False}), "two\nlines <&>"),
    (forms.Textarea(), None),
    (forms.Select(choices=GROUPED), "b"),
    (forms.Select(choices=[]), None),
    (forms.SelectMultiple(choices=GROUPED), ["a", "b"]),
    (forms.RadioSelect(choices=GROUPED), "a"),
    (forms.ClearableFileInput(), None),
]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("widget", "value"), WIDGETS)
def test_a_widget_is_written_as_django_writes_it(widget: forms.Widget, value: Any, language: str) -> None:
    with override(language):
        ours, djangos = (
            widget.render("group-0.name<", value, {"id": "id_name", **ATTRIBUTES}, renderer)
            for renderer in (WidgetRenderer(), DjangoTemplates())
        )
    assert _close_together(ours) == _close_together(djangos)


def _close_together(html: str) -> str:
    return re.sub(r">\s+(?=<[^/]|</(?:select|optgroup)>)", ">", html)
