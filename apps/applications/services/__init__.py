"""Writes of the dossier. Each is one transaction with its event; `by` is the person who acts."""

from apps.applications.services.amending import amendment_judge, amendment_start, project_over_keep, team_follow
from apps.applications.services.corresponding import (
    message_post,
    notice_preference_set,
    notices_give,
    notices_read,
    notices_take_back,
)
from apps.applications.services.deciding import application_approve, application_refuse, application_return
from apps.applications.services.documents import attachment_add, attachment_redact, attachment_remove
from apps.applications.services.drafting import PageChanged, application_create, page_save
from apps.applications.services.excluding import Excluded, exclusion_lift, exclusions_make
from apps.applications.services.redirecting import application_redirect
from apps.applications.services.reviewing import (
    applications_assign,
    checklist_mark,
    delay_extend,
    obligation_fulfil,
    silence_confirm,
)
from apps.applications.services.staging import (
    AuthorityDecision,
    agreement_signed,
    application_accept,
    application_discontinue,
    application_refer,
    application_revise,
    cnil_decision_record,
    commitment_declare,
    opinion_record,
    opinion_transcribe,
)
from apps.applications.services.submitting import Incomplete, application_submit, application_withdraw
from apps.applications.services.team import investigator_name, member_add, member_remove

__all__ = [
    "AuthorityDecision",
    "Excluded",
    "Incomplete",
    "PageChanged",
    "agreement_signed",
    "amendment_judge",
    "amendment_start",
    "application_accept",
    "application_approve",
    "application_create",
    "application_discontinue",
    "application_redirect",
    "application_refer",
    "application_refuse",
    "application_return",
    "application_revise",
    "application_submit",
    "application_withdraw",
    "applications_assign",
    "attachment_add",
    "attachment_redact",
    "attachment_remove",
    "checklist_mark",
    "cnil_decision_record",
    "commitment_declare",
    "delay_extend",
    "exclusion_lift",
    "exclusions_make",
    "investigator_name",
    "member_add",
    "member_remove",
    "message_post",
    "notice_preference_set",
    "notices_give",
    "notices_read",
    "notices_take_back",
    "obligation_fulfil",
    "opinion_record",
    "opinion_transcribe",
    "page_save",
    "project_over_keep",
    "silence_confirm",
    "team_follow",
]
