"""What the gateway says to a person who may not pass, in their language; to a script, one line of JSON."""

from aiohttp import web
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from apps.workspaces.gateway.policy import COMMON_PROTECTION

_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox allow-top-navigation"
)
_TEXTS: dict[str, tuple[Promise, Promise]] = {
    "unknown": (
        _("There is nothing here"),
        _("This address leads to no workspace. Open yours from the page of your project."),
    ),
    "closed": (
        _("This is not available"),
        _("Downloads, conversions and settings of the server are closed in workspaces."),
    ),
    "session": (
        _("Your visit is over"),
        _(
            "You have not entered this workspace, or your visit has ended. Your work is kept. "
            "Open the workspace again from the page of your project."
        ),
    ),
    "ticket": (
        _("This entry is no longer valid"),
        _(
            "An entry is valid for 30 seconds and once. "
            "Go back to the page of your project and open the workspace again."
        ),
    ),
    "suspended": (
        _("This workspace is suspended"),
        _("A data steward suspended it. Your work is kept; the reason is on the page of your project."),
    ),
    "starting": (_("The workspace is not ready"), _("It is starting or stopping. Wait a few seconds, then try again.")),
    "elsewhere": (_("This request was refused"), _("It did not come from the workspace's own page.")),
    "database": (
        _("The portal cannot check your access just now"),
        _("Nothing was lost. Workspaces stay closed until it can. Try again in a minute."),
    ),
}


def page(request: web.Request, what: str, *, status: int, portal: str) -> web.Response:
    """The page (or JSON) that explains one refusal."""
    with translation.override(_language(request.headers.get("Accept-Language", ""))):
        title, text = (str(one) for one in _TEXTS[what])
        headers = {**COMMON_PROTECTION, "Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        if "text/html" not in request.headers.get("Accept", ""):
            return web.json_response({"message": title, "reason": text}, status=status, headers=headers)
        html = render_to_string("workspaces/gateway_page.html", {"title": title, "text": text, "portal": portal})
        return web.Response(text=html, status=status, headers=headers, content_type="text/html")


def _language(header: str) -> str:
    for code, _quality in parse_accept_lang_header(header):
        if code.split("-")[0] in {"fr", "en"}:
            return code.split("-")[0]
    return "fr"
