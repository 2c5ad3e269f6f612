"""The committee's forms. Whether something may be done is the services' business."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import CHOOSE, ConfirmationField, RefusableForm
from apps.accounts.models import Organisation, Person
from apps.committee.models import File, Nature, OutcomeName, Session, Topic
from apps.committee.rules import Outcome, Said

LONGEST_TEXT = 20_000
LONGEST_RECOMMENDATION = 2_000
ROWS_OF_A_REPORT, ROWS_OF_AN_OPINION = 4, 8
NO_INTEREST = "none"
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _long_text(label: Any, *, rows: int = 6, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": rows}), **options)


class SeenForm(RefusableForm):
    """A command on what was seen, by its version."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SessionForm(RefusableForm):
    """A session to plan."""

    held_on = forms.DateField(label=_("Day"), widget=_DAY)
    starts_at = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))
    place = forms.CharField(label=_("Place"), help_text=_("A room, or by videoconference."), max_length=200)


class PrepareForm(SeenForm):
    """Who is present, who presides, and what the minutes say besides the opinions."""

    present = forms.MultipleChoiceField(label=_("Members present"), required=False, widget=forms.CheckboxSelectMultiple)
    chair = forms.ChoiceField(label=_("Who presides"), help_text=_("Their vote breaks a tie."), required=False)
    notes = _long_text(_("Notes of the minutes"), required=False)

    def __init__(self, session: Session, members: Iterable[Person], present: Iterable[Any], data: Any = None) -> None:
        initial = {
            "version": session.version,
            "present": [str(person) for person in present],
            "chair": str(session.chair_id or ""),
            "notes": session.notes,
        }
        super().__init__(data, initial=initial, auto_id="prepare_%s")
        people = [(str(member.pk), member.full_name) for member in members]
        self.offer("present", people)
        self.offer("chair", [("", _("Nobody yet")), *people])


class DisclosureForm(RefusableForm):
    """An interest in one dossier, or none."""

    nature = forms.ChoiceField(
        label=_("Your interest in this dossier"),
        choices=[CHOOSE, (NO_INTEREST, _("I have none")), *Nature.choices],
        error_messages={"required": _("Say whether you have an interest in this dossier.")},
    )

    def clean_nature(self) -> str:
        """Blank for none, as it is kept."""
        nature: str = self.cleaned_data["nature"]
        return "" if nature == NO_INTEREST else nature


class InterestForm(RefusableForm):
    """A link with an organisation."""

    organisation = forms.ModelChoiceField(
        label=_("Organisation"), queryset=Organisation.objects.all(), empty_label=CHOOSE[1]
    )
    nature = forms.ChoiceField(label=_("Nature of the link"), choices=[CHOOSE, *Nature.choices])
    starts_on = forms.DateField(label=_("Since"), widget=_DAY)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="interest_%s")


class EndForm(RefusableForm):
    """The day on which a link ended."""

    ends_on = forms.DateField(label=_("Ended on"), widget=_DAY)

    def __init__(self, data: Any = None, *, today: date | None = None) -> None:
        super().__init__(data, initial={"ends_on": today or timezone.localdate()}, auto_id=False)


class RapporteurForm(RefusableForm):
    """Whom to ask for a report."""

    rapporteur = forms.ModelChoiceField(label=_("Member to ask"), queryset=Person.objects.none(), empty_label=CHOOSE[1])

    def __init__(self, members: Sequence[Person], data: Any = None) -> None:
        super().__init__(data, auto_id="rapporteur_%s")
        field: Any = self.fields["rapporteur"]
        field.queryset = Person.objects.filter(pk__in=[member.pk for member in members])
        offered = [(member.pk, member.full_name) for member in members]
        field.choices = [CHOOSE, *offered] if offered else []


class ScheduleForm(SeenForm):
    """The session that takes a file."""

    session = forms.ModelChoiceField(
        label=_("Session"), queryset=Session.objects.none(), empty_label=_("Choose a session")
    )

    def __init__(self, file: File, sessions: Any, data: Any = None) -> None:
        super().__init__(data, initial={"version": file.version}, auto_id="schedule_%s")
        field: Any = self.fields["session"]
        field.queryset = sessions


class RecommendingForm(RefusableForm):
    """A form with rows for recommendations, each of a topic and a text; blank rows count for nothing."""

    rows = ROWS_OF_A_REPORT

    def add_rows(self, initial: Sequence[Mapping[str, str]] = ()) -> None:
        """Add the fields of the rows, filled with these."""
        for place in range(self.rows):
            filled = initial[place] if place < len(initial) else {}
            self.fields[f"topic-{place}"] = forms.ChoiceField(
                label=_("Topic of recommendation %(n)s") % {"n": place + 1},
                choices=[("", _("Choose a topic")), *Topic.choices],
                required=False,
                initial=filled.get("topic", ""),
            )
            self.fields[f"text-{place}"] = forms.CharField(
                label=_("Recommendation %(n)s") % {"n": place + 1},
                max_length=LONGEST_RECOMMENDATION,
                required=False,
                initial=filled.get("text", ""),
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def clean(self) -> dict[str, Any]:
        """A text without a topic is about something else."""
        cleaned = super().clean() or self.cleaned_data
        for place in range(self.rows):
            if cleaned.get(f"text-{place}") and not cleaned.get(f"topic-{place}"):
                cleaned[f"topic-{place}"] = Topic.OTHER.value
        return cleaned

    def recommendations(self) -> list[dict[str, str]]:
        """The rows that say something, in their order."""
        typed = [(self.cleaned_data[f"topic-{n}"], self.cleaned_data[f"text-{n}"]) for n in range(self.rows)]
        return [{"topic": topic, "text": text} for topic, text in typed if text]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The bound fields of each row."""
        return [(self[f"topic-{place}"], self[f"text-{place}"]) for place in range(self.rows)]


class AnswerForm(RecommendingForm):
    """A rapporteur's report, or a vote."""

    outcome = forms.ChoiceField(label=_("Your opinion"), choices=[CHOOSE, *OutcomeName.choices])
    comment = _long_text(_("Your report"), required=False)

    def __init__(self, data: Any = None, *, is_report: bool) -> None:
        super().__init__(data, auto_id="answer_%s")
        self.is_report = is_report
        if is_report:
            self.add_rows()
        else:
            self.rows = 0
            self.fields["comment"].label = _("Explanation of your vote")


class OpinionForm(RecommendingForm):
    """The opinion, what it binds to, and a fresh one-time code."""

    rows = ROWS_OF_AN_OPINION
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    content_hash = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Opinion"))
    text_fr = _long_text(
        _("Text of the opinion, in French"),
        rows=10,
        error_messages={"required": _("Write the opinion: its team and the CNIL read it.")},
    )
    text_en = _long_text(_("Text of the opinion, in English"), required=False)
    otp_code = ConfirmationField(label=_("One-time code"))

    def __init__(
        self,
        file: File,
        recordable: Iterable[Outcome],
        data: Any = None,
        *,
        proposed: Sequence[Mapping[str, str]] = (),
    ) -> None:
        seen = {"version": file.version, "content_hash": file.content_hash}
        super().__init__(data, initial=seen, auto_id="opinion_%s")
        possible = {outcome.value for outcome in recordable}
        choices = [choice for choice in OutcomeName.choices if choice[0] in possible]
        self.offer("outcome", [CHOOSE, *choices])
        self.add_rows(proposed)
        self.order_fields([*[name for name in self.fields if name != "otp_code"], "otp_code"])

    def said(self) -> Said:
        """What the opinion says."""
        typed = self.cleaned_data
        return Said(Outcome(typed["outcome"]), typed["text_fr"], typed["text_en"], self.recommendations())
