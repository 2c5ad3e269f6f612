"""Codes of the rules put into sentences."""

from collections.abc import Mapping
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst, format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.applications.form_spec import Field, Text
from apps.applications.policy import Stage
from apps.applications.rules import Missing, Outcome, Status, Turn
from apps.core.dates import in_words
from apps.core.errors import Message

REASONS: Mapping[str, Message] = {
    "role": _("Your role in this dossier does not allow this."),
    "state": _("This is not possible in the present state of the dossier."),
    "page_not_reopened": _("This page was not reopened by the steward: it stays as it was submitted."),
    "page_not_of_a_renewal": _("A renewal changes the end of access only: for anything else, start an amendment."),
    "barred": _("%(who)s may file no application until %(until)s. Reason: %(why)s"),
    "nothing_changed": _("Nothing differs from what is authorised: change what the amendment is about."),
    "amend_the_first": _("This dossier is an amendment itself: start the next one from the dossier it amends."),
    "no_amendment": _("This dossier is no amendment."),
    "amendment_keeps_path": _("An amendment keeps the path of what it amends: another path takes a new dossier."),
    "amendment_under_way": _("An amendment of this dossier is under way: finish it or withdraw it first."),
    "project_over": _("The project is over: to use its data again, file a new dossier."),
    "incomplete": _("The dossier is not complete: see what is missing."),
    "own_application": _("You are or were part of this dossier: leave it to another steward."),
    "own_organisation": _("This dossier involves an organisation you act for: leave it to another steward."),
    "no_return_reason": _("Give a reason beside at least one page."),
    "unknown_page": _("A reason is bound to a page that does not exist."),
    "stages_remain": _("The path of this dossier has other stages before the decision: say that it is complete."),
    "opinion_not_express": _("This path needs an express opinion: the committee’s silence is none."),
    "path_without_cnil": _("This path has no decision of CNIL: amend the dossier, or withdraw it."),
    "checklist_wrong": _(
        "The checklist says that something is to be corrected: return the dossier, or correct the list."
    ),
    "delay_not_extendable": _("This delay cannot be extended, was extended already, or has lapsed."),
    "no_silence": _("No delay has lapsed here whose silence would decide something."),
    "access_ended": _("The period of access asked for has already ended: return the page “Period”."),
}

PROBLEMS: Mapping[str, Message] = {
    "required": _("This field is required."),
    "too_long": _("This text is too long: at most %(max_length)s characters."),
    "not_a_choice": _("This answer is not among those proposed."),
    "scan_pending": _("The virus scan of this document is not finished: it cannot be opened or submitted yet."),
    "scan_infected": _("A virus was found in this document: remove it, and send a sound copy."),
    "scan_unscannable": _("This document could not be scanned for viruses: remove it, and send another copy."),
    "scan_not_scanned": _("This document was never scanned for viruses: remove it, and send it again."),
    "not_a_number": _("This is not a whole number."),
    "out_of_bounds": _("This number must be between %(least)s and %(most)s."),
    "too_many_rows": _("There are too many lines: at most %(most)s."),
    "not_a_date": _("This is not a date of the calendar."),
    "too_early": _("This date is too early: not before %(earliest)s."),
    "before_start": _("This date is before the beginning of the period."),
    "too_long_a_period": _("This period is too long: at most %(longest_years)s years."),
}

TURNS: Mapping[Turn, Message] = {
    Turn.APPLICANT: _("Your team"),
    Turn.STEWARD: _("The data steward"),
    Turn.COMMITTEE: _("The committee"),
    Turn.CNIL: _("CNIL"),
    Turn.SIGNATORIES: _("The signatories of both parties"),
    Turn.NOBODY: _("Nobody: the procedure has ended"),
}

NEXT_STEPS: Mapping[Status, Message] = {
    Status.DRAFT: _("Complete the pages, then submit the dossier."),
    Status.SUBMITTED: _("A data steward examines the dossier: it is complete, or returned with reasons."),
    Status.RETURNED: _("Correct the pages that were reopened, then submit the dossier again."),
    Status.COMMITTEE: _("The committee examines the dossier in a session and gives its opinion."),
    Status.CHOICE: _("Read the committee’s opinion, then refer the dossier to CNIL, amend it or withdraw it."),
    Status.COMMITMENT: _("Give the number of your commitment to conform to the reference methodology."),
    Status.CNIL: _("CNIL decides; a data steward records its decision here."),
    Status.DECISION: _("Every opinion and authorisation is there: a data steward decides."),
    Status.AGREEMENT: _("The mandated signatories of both parties sign the agreement."),
    Status.APPROVED: _("The project space is open to the team: the extract and the workspace are made there."),
    Status.REFUSED: _("The reasons are given with the decision; a new dossier may take them into account."),
    Status.WITHDRAWN: _("The dossier is kept as it was. You may start another one."),
    Status.DISCONTINUED: _("The dossier was closed without action; it is kept as it was. You may start another one."),
}

BADGES: Mapping[Status, str] = {
    Status.DRAFT: "new",
    Status.SUBMITTED: "info",
    Status.RETURNED: "warning",
    Status.COMMITTEE: "info",
    Status.CHOICE: "warning",
    Status.COMMITMENT: "warning",
    Status.CNIL: "info",
    Status.DECISION: "info",
    Status.AGREEMENT: "info",
    Status.APPROVED: "success",
    Status.REFUSED: "error",
    Status.WITHDRAWN: "",
    Status.DISCONTINUED: "",
}

CHANGES: Mapping[Status, Message] = {
    Status.DRAFT: _("%(who)s changed this dossier at %(when)s; it is a draft."),
    Status.SUBMITTED: _("%(who)s submitted this dossier at %(when)s."),
    Status.RETURNED: _("%(who)s returned this dossier to its team at %(when)s."),
    Status.COMMITTEE: _("%(who)s passed this dossier to the committee at %(when)s."),
    Status.CHOICE: _("%(who)s recorded the committee’s opinion at %(when)s."),
    Status.COMMITMENT: _("%(who)s passed this dossier on to the commitment at %(when)s."),
    Status.CNIL: _("%(who)s passed this dossier to CNIL at %(when)s."),
    Status.DECISION: _("%(who)s passed this dossier on to the decision at %(when)s."),
    Status.AGREEMENT: _("%(who)s approved this dossier at %(when)s; signatures are awaited."),
    Status.APPROVED: _("%(who)s approved this dossier at %(when)s."),
    Status.REFUSED: _("%(who)s refused this dossier at %(when)s."),
    Status.WITHDRAWN: _("%(who)s withdrew this dossier at %(when)s."),
    Status.DISCONTINUED: _("%(who)s closed this dossier without action at %(when)s."),
}

STAGES: Mapping[str, Message] = {
    Stage.COMPLETENESS: _("Completeness"),
    Stage.COMMITTEE: _("Opinion of the committee"),
    Stage.CHOICE: _("Choice of the applicant"),
    Stage.COMMITMENT: _("Commitment to a reference methodology"),
    Stage.CNIL: _("Decision of CNIL"),
    Stage.DECISION: _("Decision"),
    Stage.AGREEMENT: _("Agreement"),
    Status.RETURNED: _("Answer of the team"),
}

OUTCOMES: Mapping[Outcome, Message] = {
    Outcome.COMPLETE: _("complete"),
    Outcome.INCOMPLETE: _("returned"),
    Outcome.REDIRECTED: _("redirected to another path"),
    Outcome.FAVOURABLE: _("favourable opinion"),
    Outcome.FAVOURABLE_WITH_RECOMMENDATIONS: _("favourable opinion with recommendations"),
    Outcome.RESERVED: _("reserved opinion"),
    Outcome.UNFAVOURABLE: _("unfavourable opinion"),
    Outcome.ADJOURNED: _("adjourned to a later session"),
    Outcome.REFERRED: _("referred to CNIL"),
    Outcome.REVISED: _("taken back to be amended"),
    Outcome.DECLARED: _("commitment declared"),
    Outcome.AUTHORISED: _("authorised"),
    Outcome.AUTHORISED_WITH_CONDITIONS: _("authorised with conditions"),
    Outcome.CLOSED: _("closed without action"),
    Outcome.APPROVED: _("approved"),
    Outcome.REFUSED: _("refused"),
    Outcome.SIGNED: _("agreement signed"),
    Outcome.DECLINED: _("agreement declined"),
}

# What notices say, in the portal and by e-mail: nothing that only the portal may show.
NOTICES: Mapping[str, Message] = {
    "message": _("A new message."),
    "submitted": _("The dossier was submitted."),
    "returned": _("The dossier was returned: some pages are to be corrected."),
    "approved": _("The dossier was approved."),
    "refused": _("The dossier was refused."),
    "stage": _("The dossier entered a new stage of the procedure."),
    "reminder": _("Your answer is awaited: the legal delay comes to its end."),
    "lapsed": _("A legal delay has ended without an answer."),
    "closed": _("The project was closed."),
    "revoked": _("The authorisation of the project was withdrawn: access is cut."),
    "extract_to_release": _("An extract waits for a data steward: its risk goes beyond the policy."),
    "extract_refused": _("The extract was refused by a data steward."),
    "infected": _("A virus was found in a document."),
    "investigator": _("You were named principal investigator of this dossier."),
    "rapporteur_asked": _("The committee asks you for a report."),
    "agreement_ready": _("The agreement awaits your signature."),
    "agreement_revised": _("The agreement changed: signatures given are void, a new version is being made."),
    "agreement_declined": _("A party declined to sign the agreement."),
}

STAGE_ENTERED = _("The dossier enters a new stage of the procedure: {stage}.")

BESIDE_A_FIELD = _("%(field)s: %(reason)s")
PAGE_SAVED = _("%(who)s saved this page at %(when)s.")


def notice_sentence(kind: str, data: Mapping[str, str]) -> Message:
    """What a notice says, in the language of whoever reads it then. Raises KeyError for a kind without a sentence."""
    entered = data.get("stage") if kind == "stage" else None
    return format_lazy(STAGE_ENTERED, stage=STAGES[Stage(entered)]) if entered in set(Stage) else NOTICES[kind]


def said(text: Text) -> str:
    """Words of a specification in the reader's language."""
    return text.in_language(get_language() or "fr")


def cell_label(group: Field, row: int, column: Field) -> str:
    """What a cell of a group is called outside its table."""
    names = {"group": said(group.label), "n": row + 1, "column": said(column.label)}
    return str(_("%(group)s, line %(n)s, %(column)s")) % names


def guidance(field: Field) -> str:
    """The help of a field, then its example on a line of its own; blank when it has neither."""
    example = said(field.example)
    shown = str(_("For example: %(example)s")) % {"example": example} if example else ""
    return "\n".join(text for text in (said(field.help), shown) if text)


def problem_sentence(field: Field, code: str) -> str:
    """What is wrong with a field, with its own bounds."""
    bounds = {
        "max_length": field.max_length,
        "longest_years": field.longest_years,
        "least": number_format(field.least, force_grouping=True),
        "most": number_format(field.most, force_grouping=True),
        "earliest": in_words(date.fromisoformat(field.earliest)) if field.earliest else "",
    }
    return str(PROBLEMS[code]) % bounds


def missing_sentence(field: Field, missing: Missing) -> str:
    """What is missing, in the engine's words where it has some."""
    return capfirst(said(missing.text)) if missing.text else problem_sentence(field, missing.code)


def outcome_said(outcome: str, express: bool | None) -> str:
    """How a stage ended, in words; a silence is always called one."""
    words = str(OUTCOMES[Outcome(outcome)])
    return str(_("%(outcome)s (by silence)")) % {"outcome": words} if express is False else words


def change_sentence(status: Status, who: str, when: datetime) -> str:
    """Who last changed the state of a dossier, and to what."""
    return str(CHANGES[status]) % {"who": who, "when": clock(when)}


def page_change_sentence(who: str, when: datetime) -> str:
    """Who saved a page meanwhile."""
    return str(PAGE_SAVED) % {"who": who, "when": clock(when)}


def clock(when: datetime) -> str:
    """The time of day in Paris, in the reader's manner."""
    return date_format(timezone.localtime(when), "TIME_FORMAT")
