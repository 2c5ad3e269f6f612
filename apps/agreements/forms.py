"""The agreement's forms."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import ConfirmationField, RefusableForm
from apps.agreements.models import Agreement, Party, Version

LONGEST_CLAUSES, LONGEST_REASON = 10_000, 2_000
LARGEST_COPY = 20 * 1024 * 1024


class PartyForm(RefusableForm):
    """For whom, and on which document."""

    party = forms.ModelChoiceField(label=_("On behalf of"), queryset=Party.objects.none(), empty_label=None)
    document_hash = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, parties: Sequence[Party], version: Version, data: Any = None) -> None:
        super().__init__(data, initial={"document_hash": version.document_hash}, auto_id=f"{type(self).__name__}_%s")
        field: Any = self.fields["party"]
        field.queryset = Party.objects.filter(pk__in=[party.pk for party in parties]).select_related("organisation")
        field.label_from_instance = lambda party: f"{party.organisation.name} ({party.get_kind_display()})"


class SignForm(PartyForm):
    """A signature, with a fresh one-time code."""

    read = forms.BooleanField(
        label=_("I have read the document and I am mandated to sign it on behalf of this organisation."),
        error_messages={"required": _("Confirm that you read the document.")},
    )
    otp_code = ConfirmationField(label=_("One-time code"))


class DeclineForm(PartyForm):
    """Why a party will not sign."""

    reason = forms.CharField(
        label=_("Reason for declining"),
        help_text=_("The data steward reads it, and revises the agreement or closes the dossier."),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why you decline: the steward reads it.")},
    )


class ReviseForm(RefusableForm):
    """Special clauses, and what changes."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    clauses = forms.CharField(
        label=_("Special clauses"),
        help_text=_("They are added to the document, in French. Everything else comes from the dossier."),
        required=False,
        max_length=LONGEST_CLAUSES,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    reason = forms.CharField(
        label=_("What changes, and why"),
        help_text=_("The signatories read it."),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what changes: the signatories read it.")},
    )

    def __init__(self, agreement: Agreement, version: Version, data: Any = None) -> None:
        super().__init__(data, initial={"version": agreement.version, "clauses": version.clauses}, auto_id="revise_%s")


class CompareForm(RefusableForm):
    """A copy to compare with the document."""

    copy = forms.FileField(
        label=_("Copy to compare"),
        help_text=_("A PDF that you hold: the portal says whether it is the document, byte for byte. It is not kept."),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )

    def clean_copy(self) -> Any:
        """Nothing larger than any document of ours."""
        copy = self.cleaned_data["copy"]
        if copy.size > LARGEST_COPY:
            raise forms.ValidationError(_("This file is larger than any agreement."))
        return copy
