"""The public directory: anybody reads it, without signing in."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition

from apps.accounts.navigation import person_of
from apps.applications.selectors import applications_visible_to, team_facts
from apps.applications.views.shared import language_of
from apps.core.actions import declares
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.rules import Role
from apps.directory import exports, presentation, selectors
from apps.directory.forms import ResultsForm
from apps.directory.rules import Stage
from apps.directory.selectors import Wanted
from apps.directory.services import results_record

PAGE_SIZE = 20
FEED_SIZE = 50
# Files are the same for everybody; pages are not, they hold the visitor's own token.
KEPT_FOR = 900
View = Callable[..., HttpResponseBase]


def kept(view: View) -> View:
    """A file that caches may keep for a while, and ask about by when it changed last."""
    changed = condition(last_modified_func=lambda *_args, **_more: selectors.newest())
    return cache_control(public=True, max_age=KEPT_FOR)(changed(view))


def _wanted(request: HttpRequest) -> Wanted:
    asked = request.GET
    return Wanted(asked.get("q", "").strip(), asked.get("path", ""), asked.get("stage", ""), asked.get("year", ""))


@declares("directory.list")
def listing(request: HttpRequest) -> HttpResponse:
    """Every published project, searched and filtered."""
    wanted = _wanted(request)
    page = Paginator(selectors.entries_found(wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": presentation.lines(page, language_of()),
        "wanted": wanted,
        "paths": selectors.paths_published().items(),
        "stages": [(stage.value, presentation.STAGES[stage]) for stage in Stage],
        "years": [str(year) for year in selectors.years()],
        "query": request.GET.urlencode(),
    }
    return render(request, "directory/list.html", context)


@declares("directory.view")
def entry(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """One project."""
    found = get_object_or_404(selectors.entry_of(application_id))
    language = language_of()
    path = selectors.paths_published().get(found.path, found.path)
    context = {
        "line": presentation.line(found, language, path),
        "sections": found.sections[language],
        "told": presentation.outcome_of(found, language),
        "ending": presentation.ENDINGS.get(found.ending, ""),
    }
    return render(request, "directory/entry.html", context)


@declares("directory.feed")
@kept
def feed(request: HttpRequest) -> HttpResponse:
    """What is new."""
    language = "en" if request.GET.get("langue") == "en" else "fr"
    address = settings.PORTAL_URL.rstrip("/") + request.get_full_path()
    with override(language):
        text = exports.feed(list(selectors.entries()[:FEED_SIZE]), language, address)
    return HttpResponse(text, content_type="application/atom+xml; charset=utf-8")


@declares("directory.download")
@kept
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The open data, for spreadsheets."""
    parts = exports.csv_parts(selectors.entries_found(_wanted(request)))
    return _file(parts, "text/csv; charset=utf-8", "repertoire.csv")


@declares("directory.download")
@kept
def as_json(request: HttpRequest) -> StreamingHttpResponse:
    """The open data, for programs."""
    parts = exports.json_parts(selectors.entries_found(_wanted(request)))
    return _file(parts, "application/json", "repertoire.json")


def _file(parts: Any, kind: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@declares("directory.results")
def results(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Method, results and publications, told by the team."""
    application = get_object_or_404(applications_visible_to(person_of(request)), pk=application_id)
    found = selectors.entry_of(application.pk).first()
    if found is None:
        return render(request, "directory/results.html", {"application": application}, status=_without_page(request))
    form = ResultsForm(found, request.POST if request.method == "POST" else None)
    status = 422 if form.errors else 200
    if form.is_valid():
        try:
            results_record(
                entry=found, results=form.told(), seen_version=form.cleaned_data["version"], by=person_of(request)
            )
        except (ChangedMeanwhile, RefusedError) as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("The results are published."))
            return redirect("directory:entry", application.pk)
    may_publish = Role.PRINCIPAL_INVESTIGATOR in team_facts(application, person_of(request)).roles
    context = {"form": form, "application": application, "may_publish": may_publish}
    return render(request, "directory/results.html", context, status=status)


def _without_page(request: HttpRequest) -> int:
    """Who looks is told that there is no public page yet; who sends results for it is refused."""
    return 409 if request.method == "POST" else 200


def _refused(form: ResultsForm, error: ChangedMeanwhile | RefusedError) -> int:
    """Say in the form what was refused, with all that was typed still in it."""
    if isinstance(error, RefusedError) and error.field is None:
        raise error
    form.add_error(getattr(error, "field", None), str(error.message))
    return error.status if isinstance(error, ChangedMeanwhile) else 422
