"""A list whose answer somebody has to give begins with the words that ask for it: nobody answers by default."""

import importlib
import importlib.util
from collections.abc import Iterator

from django import forms
from django.apps import apps

# What a form proposes because hardly anybody wants something else; filled when the page is made, or with no harm done.
PROPOSED = {"InvitationForm.language", "PreferenceForm.mail"}
# Each choice is a button of the page.
BUTTONS = {"VerdictForm.verdict"}


def test_every_list_that_must_be_answered_begins_with_an_empty_choice_in_words() -> None:
    asked = {f"{form.__name__}.{name}": field for form in _forms() for name, field in form.base_fields.items()}
    answering = {name for name, field in asked.items() if _answers_by_default(field)}
    assert answering == (PROPOSED & answering) | BUTTONS
    assert {"InterestForm.nature", "CnilForm.outcome"} <= asked.keys(), "the forms are found"


def test_no_list_begins_with_dashes() -> None:
    models = [field for form in _forms() for field in form.base_fields.values() if hasattr(field, "empty_label")]
    assert models
    assert [str(field.label) for field in models if field.empty_label and "-" in str(field.empty_label)] == []


def _forms() -> Iterator[type[forms.Form]]:
    for app in apps.get_app_configs():
        for module in ("forms", "deciding_forms"):
            if importlib.util.find_spec(f"{app.name}.{module}") and app.name.startswith("apps."):
                importlib.import_module(f"{app.name}.{module}")
    return _below(forms.Form)


def _below(form: type[forms.Form]) -> Iterator[type[forms.Form]]:
    for one in form.__subclasses__():
        if one.__module__.startswith("apps."):
            yield one
        yield from _below(one)


def _answers_by_default(field: forms.Field) -> bool:
    """Whether the first line of a list to be answered is an answer; a list filled later has no line yet."""
    is_list = isinstance(field, forms.ChoiceField) and type(field.widget) is forms.Select
    if not is_list or isinstance(field, forms.ModelChoiceField) or not field.required:
        return False
    first = next(iter(field.choices), ("", ""))
    return first[0] != ""
