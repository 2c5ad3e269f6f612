"""Pages of the dossier."""

from apps.applications.views.assistant import assistant
from apps.applications.views.documents import (
    archive,
    attachment,
    attachment_add,
    attachment_redact,
    attachment_remove,
    review_archive,
    review_attachment,
)
from apps.applications.views.editing import codes, page
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
from apps.applications.views.stages import (
    accept,
    cnil,
    commit,
    discontinue,
    opinion,
    redirect_to_path,
    refer,
    revise,
)
from apps.applications.views.stewards import approve, queue, refuse, return_to_team, review
from apps.applications.views.team import member_add, member_remove

__all__ = [
    "accept",
    "approve",
    "archive",
    "assistant",
    "attachment",
    "attachment_add",
    "attachment_redact",
    "attachment_remove",
    "cnil",
    "codes",
    "commit",
    "create",
    "detail",
    "discontinue",
    "member_add",
    "member_remove",
    "mine",
    "notice_preference",
    "notices",
    "notices_read",
    "opinion",
    "page",
    "printed",
    "queue",
    "redirect_to_path",
    "refer",
    "refuse",
    "return_to_team",
    "review",
    "review_archive",
    "review_attachment",
    "review_message_post",
    "review_messages",
    "review_printed",
    "revise",
    "submit",
    "team_messages",
    "withdraw",
]
