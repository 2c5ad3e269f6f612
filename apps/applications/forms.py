"""Forms of the dossier. Those of its pages are made from their specification and keep whatever is typed."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import CHOOSE, RefusableForm
from apps.accounts.models import Organisation
from apps.applications import rules, wording
from apps.applications.form_spec import Content, Contents, Field, Kind, PageSpec, cell_name, rows_of
from apps.applications.models import Attachment, Member, NoticePreference
from apps.applications.policy import Path
from apps.applications.typing_in import TYPED_KINDS


class AsTyped(forms.Field):
    """A field that accepts anything: the rules judge, the page keeps. `returned` is why a steward sent it back."""

    returned = ""

    def clean(self, value: Any) -> Any:
        return value


def _widget(field: Field) -> forms.Widget:
    if field.kind is Kind.CHOICE:
        return forms.Select(choices=[CHOOSE, *((choice.value, wording.said(choice.label)) for choice in field.choices)])
    attributes = {"lang": "en"} if field.translates else {}
    if field.kind is Kind.LONG_TEXT:
        return forms.Textarea(attrs={"rows": 6, **attributes})
    if field.kind is Kind.CONFIRMATION:
        return forms.CheckboxInput()
    if field.kind is Kind.DATE:
        return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    if field.kind is Kind.NUMBER:
        return forms.TextInput(attrs={"inputmode": "numeric"})
    return forms.TextInput(attrs=attributes)


@dataclass(frozen=True)
class Part:
    """One thing of a page as its template shows it: a field with its English version, if any, or the rows of a group.

    `rows` hold the bound cells of a group: the `typed` ones, then a blank one while there is room.
    """

    name: str
    field: forms.BoundField | None = None
    english: forms.BoundField | None = None
    label: str = ""
    help: str = ""
    rows: tuple[tuple[forms.BoundField, ...], ...] = ()
    typed: int = 0
    errors: tuple[str, ...] = ()
    returned: str = ""

    @property
    def typed_rows(self) -> tuple[tuple[forms.BoundField, ...], ...]:
        """The rows without the blank one, which a page may not show yet."""
        return self.rows[: self.typed]


class PageForm(forms.Form):
    """The plain fields of a page with what they hold, and what is wrong beside each.

    Nothing is said of what is merely empty unless `show_missing`: nobody wants reproaches on a blank page. `returned`
    are the reasons of a return, by the field that each is about.
    """

    use_required_attribute = False

    def __init__(
        self,
        page: PageSpec,
        contents: Contents,
        *,
        show_missing: bool,
        returned: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        content = contents.get(page.key, {})
        super().__init__(data={**content, **_cells(page, content)})
        self.page, self.contents, self.show_missing, self.returned = page, contents, show_missing, returned
        self.group_errors: dict[str, list[str]] = {}
        for field in page.fields:
            if field.kind is Kind.GROUP:
                for row in range(_rows_shown(field, content)):
                    for column in field.columns:
                        self.fields[cell_name(field, row, column)] = self._as_typed(column)
            elif field.kind in TYPED_KINDS:
                self.fields[field.name] = self._as_typed(field)
                self._say_returned(field.name, returned.get(field.name, ""))

    def _say_returned(self, name: str, reason: str) -> None:
        """Have the field say why it was returned, to whoever sees it and to whoever hears it."""
        if not reason:
            return
        shown = self.fields[name]
        shown.returned = reason  # type: ignore[attr-defined]  # an AsTyped
        parts = ("helptext", "returned", "error") if shown.help_text else ("returned", "error")
        shown.widget.attrs["aria-describedby"] = " ".join(f"id_{name}_{part}" for part in parts)

    def _as_typed(self, field: Field) -> AsTyped:
        return AsTyped(
            label=wording.said(field.label),
            help_text=wording.guidance(field),
            required=field.is_required(self.contents),
            widget=_widget(field),
        )

    def clean(self) -> None:
        content: Content = self.contents.get(self.page.key, {})
        for field in self.page.fields:
            if field.is_asked(self.contents):
                for name, code in rules.field_problems(field, content, self.contents):
                    if code != "required" or self.show_missing:
                        self._tell(field, name, code)

    def _tell(self, field: Field, name: str, code: str) -> None:
        cell = self.page.cell(name)
        sentence = wording.problem_sentence(cell[2] if cell else field, code)
        if name in self.fields:
            self.add_error(name, sentence)
        elif field.kind is Kind.GROUP:
            self.group_errors.setdefault(name, []).append(sentence)

    def parts(self) -> Iterator[Part]:
        """What the page shows, in order; an English version goes beside its field."""
        self.is_valid()  # a group keeps its own errors, which are known once the form was judged
        english = {field.translates: field.name for field in self.page.fields if field.translates}
        for field in self.page.fields:
            if field.kind is Kind.GROUP:
                yield self._group(field, tuple(self.group_errors.get(field.name, ())))
            elif field.name in self.fields and not field.translates:
                beside = english.get(field.name)
                yield Part(field.name, self[field.name], self[beside] if beside else None)

    def _group(self, group: Field, errors: tuple[str, ...]) -> Part:
        content = self.contents.get(self.page.key, {})
        shown, typed = _rows_shown(group, content), len(rows_of(group, content))
        rows = tuple(tuple(self[cell_name(group, row, column)] for column in group.columns) for row in range(shown))
        label, hint = wording.said(group.label), wording.guidance(group)
        returned = self.returned.get(group.name, "")
        return Part(group.name, label=label, help=hint, rows=rows, typed=typed, errors=errors, returned=returned)


def _rows_shown(group: Field, content: Content) -> int:
    """The rows that were typed, and a blank one while there is room."""
    held = len(rows_of(group, content))
    return held + 1 if held < group.most else held


def _cells(page: PageSpec, content: Content) -> dict[str, str]:
    """The rows of every group as a form names them."""
    return {
        cell_name(field, number, column): row.get(column.name, "")
        for field in page.fields
        if field.kind is Kind.GROUP
        for number, row in enumerate(rows_of(field, content))
        for column in field.columns
    }


class CreateForm(RefusableForm):
    """For which organisation a dossier is started. The key makes a double click one dossier.

    Only the person's own organisations are shown; that the chosen one is among them is judged by the service alone, in
    the words of an organisation that does not exist.
    """

    organisation: "forms.ModelChoiceField[Organisation]" = forms.ModelChoiceField(
        queryset=Organisation.objects.all(),
        label=_("Organisation for which you apply"),
        empty_label=None,
        error_messages={"invalid_choice": _("You hold no current mandate for this organisation.")},
    )
    path = forms.ChoiceField(label=_("Path of the procedure"))
    creation_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, organisations: Any, paths: Iterable[Path], data: Any = None, *, path: str = "") -> None:
        super().__init__(data, initial={"path": path})
        self.paths = [(path.key, wording.said(path.title), wording.said(path.summary)) for path in paths]
        self.offer("path", [CHOOSE, *((key, title) for key, title, _summary in self.paths)])
        self.shown = [(found.pk, found.name) for found in organisations]
        self.offer("organisation", self.shown)


class SeenForm(RefusableForm):
    """What a command is bound to: the state of the dossier as it was shown."""

    version = AsTyped(widget=forms.HiddenInput)


class MemberForm(RefusableForm):
    """Whom to add to the team."""

    email = forms.EmailField(
        label=_("E-mail address of the person to add"),
        help_text=_("The address of their account on the portal."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class InvestigatorForm(RefusableForm):
    """Who of the team leads it from now on."""

    person = forms.TypedChoiceField(label=_("New principal investigator"), coerce=UUID)

    def __init__(self, team: Iterable[Member], data: Any = None) -> None:
        super().__init__(data, auto_id="investigator_%s")
        others = [one for one in team if one.role != Member.Role.PRINCIPAL_INVESTIGATOR]
        choices = [(str(one.person_id), one.person.full_name) for one in others]
        self.offer("person", [CHOOSE, *choices])


class MessageForm(RefusableForm):
    """A message, and for staff whether it stays among them. The key makes a double click one message."""

    text = forms.CharField(
        label=_("Your message"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write a message, of at most 4,000 characters.")},
    )
    is_internal = forms.BooleanField(
        label=_("Among staff only"), help_text=_("The team does not see it."), required=False
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, as_staff: bool, data: Any = None) -> None:
        super().__init__(data)
        if not as_staff:
            del self.fields["is_internal"]

    def posted(self) -> dict[str, Any]:
        """What the service takes."""
        return dict(self.cleaned_data)


class PreferenceForm(RefusableForm):
    """How often notices come by e-mail."""

    mail = forms.ChoiceField(
        label=_("Notices by e-mail"), choices=NoticePreference.Mail.choices, widget=forms.Select(attrs={})
    )

    def __init__(self, present: str, data: Any = None) -> None:
        super().__init__(data, initial={"mail": present})


class AttachmentForm(RefusableForm):
    """A document and what it is."""

    kind = forms.ChoiceField(label=_("What is this document?"))
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, DOCX, ODT, TXT, PNG or JPEG, 10 MB at most."),
        max_length=255,
        error_messages={"empty": _("This file is empty."), "required": _("Choose a file.")},
    )

    replaces = forms.ChoiceField(
        label=_("Does it replace a document?"),
        help_text=_("It then becomes the next version of that document, which leaves the dossier."),
        required=False,
    )

    def __init__(
        self, page: PageSpec, contents: Contents, documents: Iterable[Attachment], data: Any = None, files: Any = None
    ) -> None:
        super().__init__(data, files)
        kinds = [(field.name, wording.said(field.label)) for field in page.fields if field.is_asked(contents)]
        self.offer("kind", [CHOOSE, *kinds])
        present = [(str(found.pk), found.name) for found in documents]
        self.offer("replaces", [("", _("No, it is a new document")), *present])
