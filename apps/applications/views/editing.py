"""The pages of the form: shown, saved as they are typed, compared when somebody else was faster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import (
    builder,
    code_search,
    composition,
    overview,
    presentation,
    rules,
    scope_page,
    selectors,
    services,
)
from apps.applications.builder import Node, NoSuchCriterion, Operation, TreeTooLarge
from apps.applications.criteria_page import Builder, Search
from apps.applications.form_spec import Content, Contents, Kind, PageSpec
from apps.applications.forms import AttachmentForm, InvestigatorForm, MemberForm, PageForm
from apps.applications.models import Application, Page
from apps.applications.returned import reopened
from apps.applications.services import PageChanged
from apps.applications.typing_in import ADD, fields_typed, scope_typed
from apps.applications.views.shared import is_fragment, language_of, mine_or_404, seen_version
from apps.applications.wording import guidance, said
from apps.core.actions import declares, keeps_typed
from apps.core.errors import RefusedError
from apps.extracts.engine.codes import System

FORM_ID = "page-form"
BUILT = (Kind.POPULATION, Kind.SCOPE)  # fields that have a page of their own, whose guidance it shows


@dataclass(frozen=True)
class Typed:
    """What a POST asks to save, and for the population what the person is looking for."""

    content: dict[str, Any]
    search: Search | None = None
    new_place: str = ""
    rebuilds: bool = False


@declares("application.edit")
@keeps_typed
def page(request: HttpRequest, application_id: UUID, key: str) -> HttpResponse:
    """One page of the form."""
    application = mine_or_404(request, application_id)
    if request.method != "POST":
        return page_shown(request, application, key)
    before = selectors.contents_of(application)
    typed = _typed(request, application.specification.page(key), before)
    try:
        services.page_save(
            application=application,
            key=key,
            content=typed.content,
            seen_version=seen_version(request),
            by=person_of(request),
        )
    except PageChanged as conflict:
        return _conflict(request, application, conflict)
    if is_fragment(request):
        return _saved(request, application, key, before, typed)
    return _onward(request, application, key, typed)


def _typed(request: HttpRequest, spec: PageSpec, before: Contents) -> Typed:
    form = {name: request.POST.getlist(name) for name in request.POST if name != "op" or not _is_autosave(request)}
    present = before.get(spec.key, {})
    if spec.key == "population":
        return _population_typed(form, present, before.get("period", {}))
    if spec.key == "variables":
        return Typed(scope_typed(form, present))
    stored = {name: value for name, value in present.items() if spec.key != "attachments"}
    return Typed(fields_typed(spec, form, stored), new_place=_new_row(form))


def _new_row(form: dict[str, list[str]]) -> str:
    """Where the blank row stands that a button asked for, so that the keyboard goes there."""
    op = form.get("op", [""])[0]
    return f"last-of-{op.removeprefix(ADD)}" if op.startswith(ADD) else ""


def _is_autosave(request: HttpRequest) -> bool:
    """Whether the form saves itself: htmx then sends the button pressed last with it, whose operation is done."""
    return bool(request.htmx.trigger == FORM_ID)  # type: ignore[attr-defined]  # added by django_htmx's middleware


def _population_typed(form: dict[str, list[str]], present: Content, period: Content) -> Typed:
    """The tree as it was shown (`tree`), with what was typed in it, after the operation of the button (`op`)."""
    operation = _operation(form)
    try:
        tree = builder.received(form["tree"][0]) if "tree" in form else dict(present.get("population", {}))
        tree = builder.typed(tree, form)
        if operation and operation.verb == "search":
            return Typed({"population": tree}, search=_search(form, operation), rebuilds=True)
        if operation:
            proposed = {"from": period.get("data_from", ""), "to": period.get("data_to", "")}
            after = builder.applied(tree, operation, proposed)
            return Typed({"population": after}, new_place=_new_place(tree, after, operation), rebuilds=True)
    except NoSuchCriterion as error:
        raise RefusedError((_("This criterion is no longer there: look at the present state."),)) from error
    except TreeTooLarge as error:
        raise RefusedError((_("The population has too many criteria or levels: make it simpler."),)) from error
    return Typed({"population": tree})


def _operation(form: dict[str, list[str]]) -> Operation | None:
    text = form.get("op", [""])[0]
    if not text:
        return None
    operation = Operation.parse(text)
    if operation.verb == "add" and not operation.arguments:
        kind = form.get(f"add-{operation.place}", [""])[0]
        return Operation("add", operation.place, (kind,))
    return operation


def _new_place(before: Node, after: Node, operation: Operation) -> str:
    """Where the criterion just added stands, so that the keyboard goes there."""
    if operation.verb != "add":
        return ""
    known = {place for place, _node in builder.nodes(before)}
    added = [place for place, _node in builder.nodes(after) if place not in known and place != builder.ROOT]
    return added[-1] if added else ""


def _search(form: dict[str, list[str]], operation: Operation) -> Search | None:
    name = operation.arguments[0] if operation.arguments else ""
    text = form.get(f"{operation.place}-{name}-search", [""])[0].strip()
    leaf = form.get(f"{operation.place}-leaf", [""])[0]
    system = builder.system_of(leaf, name)
    if system is None:
        return None
    return Search(operation.place, name, text, code_search.codes_matching(system, text, language_of()))


@declares("application.view")
def codes(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Codes proposed while one is being typed."""
    application = mine_or_404(request, application_id)
    place, name = request.GET.get("place", ""), request.GET.get("name", "")
    text = request.GET.get(f"{place}-{name}-search", "").strip()
    wanted = request.GET.get("system", "")
    found = code_search.codes_matching(System(wanted), text, language_of()) if wanted in set(System) else []
    search = Search(place, name, text, found)
    return render(request, "applications/_suggestions.html", {"application": application, "search": search})


def page_shown(
    request: HttpRequest, application: Application, key: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    """A page of the form, or the same page read-only when it may not be edited now."""
    context = overview.context_of(application, person_of(request))
    contents: Contents = context["overview"].contents
    row = overview.page_rows(application)[key]
    context |= _around(application, row, context["overview"])
    context |= _fields(request, application, key, contents)
    return render(request, "applications/page.html", {**context, **more}, status=status)


def _around(application: Application, row: Page, seen: overview.Overview) -> dict[str, Any]:
    spec = application.specification
    index = spec.keys.index(row.key)
    state = seen.states[index]
    return {
        "spec": spec.page(row.key),
        "intro": said(spec.page(row.key).intro),
        "guidance": [guidance(field) for field in spec.page(row.key).fields if field.kind in BUILT],
        "state": state,
        "row": row,
        "number": index + 1,
        "previous": seen.states[index - 1] if index else None,
        "next": seen.states[index + 1] if index + 1 < len(seen.states) else None,
        "editable": state.is_open and bool(rules.TEAM & seen.facts.roles),
        "may_change_team": "application.member_add" in seen.actions and state.is_open,
    }


def _fields(request: HttpRequest, application: Application, key: str, contents: Contents) -> dict[str, Any]:
    """What the page asks, by its kind."""
    spec = application.specification.page(key)
    returned = reopened(application).of_page(key)
    context: dict[str, Any] = {
        "form": PageForm(spec, contents, show_missing="missing" in request.GET, returned=returned),
        "asked": {field.name for field in spec.fields if field.is_asked(contents)},
        "read": presentation.page_read(spec, contents, {}),
    }
    if key == "team":
        team = list(selectors.team_of(application))
        context |= {"team": team, "member_form": MemberForm(), "investigator_form": InvestigatorForm(team)}
    if key == "population":
        context["builder"] = Builder(contents.get(key, {}).get("population", {}))
    if key == "variables":
        context["datasets"] = scope_page.datasets(contents.get(key, {}), language_of())
        context["withdrawn"] = composition.withdrawn(contents.get(key, {}))
    if key == "attachments":
        context |= _documents(application, spec, contents, returned)
    return context


def _documents(
    application: Application, spec: PageSpec, contents: Contents, returned: Mapping[str, str]
) -> dict[str, Any]:
    expected = [field for field in spec.fields if field.is_asked(contents)]
    documents = list(selectors.attachments_of(application))
    demanded = selectors.required_kinds(application, contents)
    return {
        "attachment_form": AttachmentForm(spec, contents, documents),
        "documents": documents,
        "removed_documents": selectors.removed_documents_of(application),
        "unscanned": settings.UNSCANNED_DOCUMENTS,
        "document_kinds": [(field.name, said(field.label)) for field in spec.fields],
        "expected": [
            {
                "name": field.name,
                "label": said(field.label),
                "help": guidance(field),
                "returned": returned.get(field.name, ""),
                "is_required": field.is_required(contents) or field.name in demanded,
            }
            for field in expected
        ],
    }


def _saved(request: HttpRequest, application: Application, key: str, before: Contents, typed: Typed) -> HttpResponse:
    """The parts of the page that a save changes: when it was saved, its version, what is wrong beside each field."""
    contents = {**before, key: typed.content}
    spec = application.specification.page(key)
    context = {
        "application": application,
        "spec": spec,
        "row": overview.page_rows(application)[key],
        "form": PageForm(spec, contents, show_missing=False, returned=reopened(application).of_page(key)),
        "asked": [field.name for field in spec.fields if field.is_asked(contents)],
        "appeared": [f.name for f in spec.fields if f.is_asked(contents) and not f.is_asked(before)],
        "vanished": [f.name for f in spec.fields if f.is_asked(before) and not f.is_asked(contents)],
        "builder": Builder(typed.content.get("population", {}), typed.search, typed.new_place),
        "datasets": scope_page.datasets(typed.content, language_of()) if key == "variables" else (),
    }
    template = "applications/_rebuilt.html" if typed.rebuilds else "applications/_saved.html"
    return render(request, template, context)


def _onward(request: HttpRequest, application: Application, key: str, typed: Typed) -> HttpResponse:
    """Without JavaScript: the page again after an operation, else where the button leads."""
    if typed.search:
        return page_shown(
            request, application, key, builder=Builder(typed.content["population"], typed.search), searched=True
        )
    keys = application.specification.keys
    index = keys.index(key)
    step = {"previous": index - 1, "next": index + 1}.get(request.POST.get("go", ""), index)
    if request.POST.get("go") == "overview" or step >= len(keys):
        return redirect("applications:detail", application.pk)
    response = redirect("applications:page", application.pk, keys[max(step, 0)])
    if typed.new_place:
        response["Location"] += f"#{typed.new_place}"
    return response


def _conflict(request: HttpRequest, application: Application, conflict: PageChanged) -> HttpResponse:
    """Both versions: theirs in words, the person's own in the form, to be saved over theirs only if they say so."""
    if is_fragment(request):
        response = render(request, "applications/_changed.html", {"conflict": conflict}, status=conflict.status)
        response["HX-Retarget"], response["HX-Reswap"] = "#save-state", "innerHTML"
        return response
    key = conflict.present.key
    spec = application.specification.page(key)
    contents = {**selectors.contents_of(application), key: conflict.typed}
    return page_shown(
        request,
        application,
        key,
        status=conflict.status,
        **_fields(request, application, key, contents),
        conflict=conflict,
        differences=presentation.differences(spec, conflict.present.content, conflict.typed),
    )
