"""Pages of the dossier."""

from apps.applications.views.amending import amend, judge
from apps.applications.views.assistant import assistant
from apps.applications.views.decisions import decision_pdf, review_decision_pdf
from apps.applications.views.documents import (
    archive,
    attachment,
    attachment_add,
    attachment_redact,
    attachment_remove,
    authority_document,
    review_archive,
    review_attachment,
    review_authority_document,
)
from apps.applications.views.editing import codes, page
from apps.applications.views.excluding import excluded, exclusion_lift
from apps.applications.views.messages import (
    notice_preference,
    notices,
    notices_read,
    review_message_post,
    review_messages,
    team_messages,
)
from apps.applications.views.mine import create, detail, mine, submit, withdraw
from apps.applications.views.printed import printed, review_printed
from apps.applications.views.queue import assign, queue_export, queue_page
from apps.applications.views.stages import (
    accept,
    check,
    cnil,
    commit,
    discontinue,
    extend,
    obligation,
    opinion,
    redirect_to_path,
    refer,
    revise,
    silence,
)
from apps.applications.views.stewards import approve, refuse, return_to_team, review
from apps.applications.views.team import investigator_name, member_add, member_remove

__all__ = [
    "accept",
    "amend",
    "approve",
    "archive",
    "assign",
    "assistant",
    "attachment",
    "attachment_add",
    "attachment_redact",
    "attachment_remove",
    "authority_document",
    "check",
    "cnil",
    "codes",
    "commit",
    "create",
    "decision_pdf",
    "detail",
    "discontinue",
    "excluded",
    "exclusion_lift",
    "extend",
    "investigator_name",
    "judge",
    "member_add",
    "member_remove",
    "mine",
    "notice_preference",
    "notices",
    "notices_read",
    "obligation",
    "opinion",
    "page",
    "printed",
    "queue_export",
    "queue_page",
    "redirect_to_path",
    "refer",
    "refuse",
    "return_to_team",
    "review",
    "review_archive",
    "review_attachment",
    "review_authority_document",
    "review_decision_pdf",
    "review_message_post",
    "review_messages",
    "review_printed",
    "revise",
    "silence",
    "submit",
    "team_messages",
    "withdraw",
]
