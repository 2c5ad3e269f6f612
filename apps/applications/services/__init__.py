"""Writes of the dossier. Each is one transaction with its event; `by` is the person who acts."""

from apps.applications.services.deciding import application_approve, application_refuse, application_return
from apps.applications.services.documents import attachment_add, attachment_redact, attachment_remove
from apps.applications.services.drafting import PageChanged, application_create, page_save
from apps.applications.services.submitting import Incomplete, application_submit, application_withdraw
from apps.applications.services.team import member_add, member_remove

__all__ = [
    "Incomplete",
    "PageChanged",
    "application_approve",
    "application_create",
    "application_refuse",
    "application_return",
    "application_submit",
    "application_withdraw",
    "attachment_add",
    "attachment_redact",
    "attachment_remove",
    "member_add",
    "member_remove",
    "page_save",
]
