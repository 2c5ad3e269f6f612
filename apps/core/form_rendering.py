"""The widgets of which a page holds dozens, written without a template each: the elements of Django's own templates.

A page of seventy fields spends two thirds of its time in the templates of their widgets otherwise (ADR 0270).
"""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize

Widget = Mapping[str, Any]


class WidgetRenderer(DjangoTemplates):
    """Django's renderer of forms, whose templates still serve for every widget that is not written here."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """The HTML of a widget."""
        written = _WRITTEN.get(template_name)
        return written(context["widget"]) if written else str(super().render(template_name, context, request))


def _attributes(widget: Widget) -> str:
    return "".join(map(_attribute, widget["attrs"].items()))


def _attribute(pair: tuple[str, Any]) -> str:
    name, value = pair
    if value is False:
        return ""
    return f" {_escaped(name)}" if value is True else f' {_escaped(name)}="{_escaped(value)}"'


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{_escaped(widget["value"])}"'
    return f'<input type="{_escaped(widget["type"])}" name="{_escaped(widget["name"])}"{value}{_attributes(widget)}>'


def _textarea(widget: Widget) -> str:
    text = _shown(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_escaped(widget["name"])}"{_attributes(widget)}>\n{text}</textarea>'


def _select(widget: Widget) -> str:
    lines = "".join(_group(name, options) for name, options, _number in widget["optgroups"])
    return f'<select name="{_escaped(widget["name"])}"{_attributes(widget)}>{lines}</select>'


def _group(name: Any, options: list[Widget]) -> str:
    lines = "".join(map(_option, options))
    return f'<optgroup label="{_shown(name)}">{lines}</optgroup>' if name else lines


def _option(widget: Widget) -> str:
    return f'<option value="{_escaped(widget["value"])}"{_attributes(widget)}>{_shown(widget["label"])}</option>'


def _escaped(value: Any) -> str:
    return str(value.__html__()) if hasattr(value, "__html__") else escape(str(value))


def _shown(value: Any) -> str:
    """As a template shows it: numbers in the language of the page."""
    return _escaped(localize(value))


_INPUTS = ("text", "hidden", "password", "number", "email", "url", "date", "datetime", "time", "checkbox", "file")
_WRITTEN: Mapping[str, Callable[[Widget], str]] = {
    **{f"django/forms/widgets/{kind}.html": _input for kind in _INPUTS},
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
}
