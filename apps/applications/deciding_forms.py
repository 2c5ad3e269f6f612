"""Forms of those who decide on a dossier, and of the team when it answers them."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import CHOOSE, ConfirmationField, RefusableForm
from apps.applications import wording, workflow
from apps.applications.form_spec import Text
from apps.applications.forms import AsTyped, SeenForm
from apps.applications.models import Application
from apps.applications.policy import Path, Stage
from apps.applications.policy.model import ReasonTemplate
from apps.applications.rules import Outcome

LONGEST_COMMENT = 4000
LONGEST_REASON = 2000


@dataclass(frozen=True)
class ReturnGroup:
    """What a steward may write about one page."""

    page: forms.BoundField
    often: forms.BoundField | None
    fields: tuple[forms.BoundField, ...]

    @property
    def is_open(self) -> bool:
        """Whether something was written beside a field, so that it is seen."""
        return any(field.value() for field in self.fields)


class ReturnForm(SeenForm):
    """A reason for each page to correct, or beside a field of it; where there is none the page stays closed."""

    def __init__(self, application: Application, reasons: Sequence[ReasonTemplate], data: Any = None) -> None:
        super().__init__(data, initial={"version": application.version}, auto_id="r_%s")
        self.texts: dict[str, str] = {}
        self.pages = application.specification.pages
        for page in self.pages:
            self._ask(page.key, page.title)
            self._offer(page.key, page.title, [reason for reason in reasons if reason.page == page.key])
            for field in page.fields:
                self._ask(f"{page.key}.{field.name}", field.label)

    def _ask(self, about: str, title: Text) -> None:
        self.fields[f"reason-{about}"] = forms.CharField(
            label=wording.said(title),
            required=False,
            # Not by the browser: it would cut without a word what is pasted.
            validators=[MaxLengthValidator(LONGEST_REASON)],
            # Short identifiers, and the browser's own size: there are dozens of these in the heaviest page.
            widget=forms.Textarea(
                attrs={"id": f"r{len(self.fields)}", "class": "fr-input", "rows": False, "cols": False}
            ),
        )

    def groups(self) -> Iterator[ReturnGroup]:
        """The fields as they are shown: a page with the reasons often given, then each of its fields."""
        for page in self.pages:
            often = f"often-{page.key}"
            yield ReturnGroup(
                self[f"reason-{page.key}"],
                self[often] if often in self.fields else None,
                tuple(self[f"reason-{page.key}.{field.name}"] for field in page.fields),
            )

    def _offer(self, page: str, title: Text, reasons: Iterable[ReasonTemplate]) -> None:
        """The reasons that are often given for this page, to be taken as they are or completed."""
        offered = [(reason.key, wording.said(reason.title)) for reason in reasons]
        self.texts |= {reason.key: wording.said(reason.text) for reason in reasons}
        if offered:
            self.fields[f"often-{page}"] = forms.ChoiceField(
                label=_("Reason often given: %(page)s") % {"page": wording.said(title)},
                required=False,
                choices=[("", _("None")), *offered],
                widget=forms.Select(attrs={"class": "fr-select"}),
            )

    def reasons(self) -> dict[str, str]:
        """The reasons that were given, by page or by "page.field": the one chosen, then what was typed."""
        found: dict[str, str] = {}
        for name, text in self.cleaned_data.items():
            kind, _dash, page = name.partition("-")
            words = self.texts.get(text, "") if kind == "often" else text.strip() if kind == "reason" else ""
            if words:
                parts = (words, found.get(page, "")) if kind == "often" else (found.get(page, ""), words)
                found[page] = "\n".join(part for part in parts if part)
        return found


class DecisionForm(SeenForm):
    """What every final decision binds to: what was read, and a fresh one-time code."""

    verb = ""
    content_hash = AsTyped(widget=forms.HiddenInput)

    def __init__(self, application: Application, data: Any = None) -> None:
        seen = {"version": application.version, "content_hash": application.content_hash}
        super().__init__(data, initial=seen, auto_id=f"{self.verb}_%s")


class ApproveForm(DecisionForm):
    """Approval."""

    verb = "approve"
    comment = forms.CharField(
        label=_("Comment to the team"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    otp_code = ConfirmationField(label=_("One-time code"))


class RefuseForm(DecisionForm):
    """Refusal."""

    verb = "refuse"
    reason = forms.CharField(
        label=_("Reason for refusing"),
        help_text=_("The team reads it."),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the dossier is refused: its team reads it.")},
    )
    otp_code = ConfirmationField(label=_("One-time code"))


def _words(label: Any, *, rows: int = 3, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def _outcomes(stage: Stage, *, without: Iterable[Outcome] = ()) -> list[tuple[str, Any]]:
    known = [outcome for outcome in Outcome if outcome in workflow.OUTCOMES[stage] - {Outcome.INCOMPLETE, *without}]
    return [(outcome.value, wording.OUTCOMES[outcome]) for outcome in known]


class StepForm(SeenForm):
    """A step bound to the state of the dossier as it was shown."""

    prefix_of_ids = "step"

    def __init__(self, application: Application, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, initial={"version": application.version}, auto_id=f"{self.prefix_of_ids}_%s")


class RedirectForm(StepForm):
    """To another path, and why."""

    prefix_of_ids = "redirect"
    path = forms.ChoiceField(label=_("Path that fits the project"))
    reason = _words(_("Why this path"), help_text=_("The team reads it."))

    def __init__(self, application: Application, paths: Iterable[Path], data: Any = None) -> None:
        super().__init__(application, data)
        choices = [(path.key, wording.said(path.title)) for path in paths]
        self.offer("path", [CHOOSE, *choices])


class OpinionForm(StepForm):
    """An opinion that the committee gave in a session."""

    prefix_of_ids = "opinion"
    outcome = forms.ChoiceField(label=_("Opinion"), choices=[CHOOSE, *_outcomes(Stage.COMMITTEE)])
    reference = forms.CharField(label=_("Reference of the session"), max_length=80)
    decided_on = _day(_("Date of the session"))
    comment = _words(_("Recommendations, reserves or reasons"), required=False, help_text=_("The team reads it."))


class CnilForm(StepForm):
    """A decision of the authority."""

    prefix_of_ids = "cnil"
    outcome = forms.ChoiceField(label=_("Decision of CNIL"), choices=[CHOOSE, *_outcomes(Stage.CNIL)])
    reference = forms.CharField(label=_("Number of the decision"), max_length=80)
    decided_on = _day(_("Date of the decision"))
    conditions = _words(
        _("Conditions"), required=False, help_text=_("One condition a line: each is followed up until it is fulfilled.")
    )
    comment = _words(_("Reasons or remarks"), required=False, help_text=_("The team reads it."))
    document = forms.FileField(
        label=_("Text of the decision"),
        help_text=_("PDF, DOCX, ODT, TXT, PNG or JPEG, 10 MB at most."),
        required=False,
        max_length=255,
        error_messages={"empty": _("This file is empty.")},
    )


class ExtendForm(StepForm):
    """Why a delay is extended."""

    prefix_of_ids = "extend"
    reason = _words(_("Reasons of the extension"), help_text=_("The team reads it."))


class ObligationForm(StepForm):
    """How a condition was fulfilled."""

    prefix_of_ids = "obligation"
    obligation = forms.UUIDField(widget=forms.HiddenInput)
    note = _words(_("How it was fulfilled"), rows=2)

    @property
    def fulfilled(self) -> dict[str, Any]:
        """What the service asks for."""
        return {"obligation_id": self.cleaned_data["obligation"], "note": self.cleaned_data["note"]}


class CommitForm(StepForm):
    """The commitment to conform to a reference methodology."""

    prefix_of_ids = "commit"
    reference = forms.CharField(
        label=_("Number of the commitment"),
        help_text=_("CNIL gave it on the receipt of your declaration."),
        max_length=80,
    )
    decided_on = _day(_("Date of the receipt"))


class AmendForm(RefusableForm):
    """Which of the two is started. The key makes a double click one dossier."""

    kind = forms.ChoiceField(
        label=_("What do you ask for?"),
        choices=[
            CHOOSE,
            *((kind.value, kind.label) for kind in (Application.Kind.AMENDMENT, Application.Kind.RENEWAL)),
        ],
    )
    creation_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class JudgeForm(StepForm):
    """Whether an amendment is substantial, where the steward sees it otherwise than the rules."""

    prefix_of_ids = "judge"
    substantial = forms.ChoiceField(
        label=_("This amendment is"), choices=[CHOOSE, ("yes", _("substantial")), ("no", _("not substantial"))]
    )
    reason = _words(_("Reason"), rows=2, help_text=_("The team reads it."))


class LiftForm(RefusableForm):
    """Which exclusion is lifted, and why."""

    exclusion = forms.UUIDField(widget=forms.HiddenInput)
    reason = _words(_("Why it is lifted"), rows=2)


class DiscontinueForm(StepForm):
    """Why a dossier is closed without action."""

    prefix_of_ids = "discontinue"
    reason = _words(_("Reason for closing without action"), help_text=_("The team reads it."))
