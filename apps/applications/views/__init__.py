"""Pages of the dossier."""

from apps.applications.views.documents import attachment, attachment_add, attachment_remove, review_attachment
from apps.applications.views.editing import codes, page
from apps.applications.views.mine import create, detail, mine, submit, withdraw
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
    "attachment",
    "attachment_add",
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
    "opinion",
    "page",
    "queue",
    "redirect_to_path",
    "refer",
    "refuse",
    "return_to_team",
    "review",
    "review_attachment",
    "revise",
    "submit",
    "withdraw",
]
