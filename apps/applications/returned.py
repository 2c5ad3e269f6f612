"""What a return asks to correct: the pages it opened again, and the fields it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.applications import wording
from apps.applications.models import Application, ReturnReason
from apps.applications.rules import Status

# All that a renewal may change: the end of access, and the documents that argue for it.
PAGES_OF_A_RENEWAL = ("period", "attachments")


@dataclass(frozen=True)
class Reopened:
    """The pages that may be changed, each with all its reasons; `fields` those reasons that one field is about, by page
    and field. Both are empty where nothing restricts what may be changed.
    """

    pages: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of_page(self, page: str) -> dict[str, str]:
        """The reasons beside the fields of a page."""
        return {name: text for (key, name), text in self.fields.items() if key == page}


def reopened(application: Application) -> Reopened:
    """What the last return opened again; for the draft of a renewal, its own pages. One query where returned.

    A dossier that was redirected, or taken back by its team after an opinion, is open on every page.
    """
    if application.state is Status.DRAFT and application.kind == Application.Kind.RENEWAL:
        return Reopened(dict.fromkeys(PAGES_OF_A_RENEWAL, ""))
    if application.state is not Status.RETURNED:
        return Reopened()
    reasons = ReturnReason.objects.filter(decision__application=application, decision__round=application.round)
    found = list(reasons.order_by("id"))
    pages: dict[str, str] = {}
    for reason in found:
        pages[reason.page] = "\n".join(filter(None, (pages.get(reason.page, ""), reason_said(application, reason))))
    fields = {(reason.page, reason.field): reason.text for reason in found if reason.field}
    return Reopened(pages or dict.fromkeys(application.specification.keys, ""), fields)


def reason_said(application: Application, reason: ReturnReason) -> str:
    """A reason with the field it is about, if it is about one."""
    if not reason.field:
        return reason.text
    label = field_label(application, reason.page, reason.field)
    return str(wording.BESIDE_A_FIELD) % {"field": label, "reason": reason.text}


def field_label(application: Application, page: str, name: str) -> str:
    """What a field of the form is called; its own name where the form has no such field."""
    fields = {one.name: one for one in application.specification.page(page).fields}
    return wording.said(fields[name].label) if name in fields else name
