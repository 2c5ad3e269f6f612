"""The whole dossier on paper: pages, documents with their hashes, team, and what it stands for in words."""

from typing import Any

from django.utils import timezone, translation

from apps.applications import composition, overview, presentation, selectors
from apps.applications.examination import submitted_contents
from apps.applications.form_spec import Contents
from apps.applications.models import Application, Submission
from apps.core.printing import pdf_from_template
from apps.extracts.engine.problems import DefinitionError
from apps.extracts.engine.words import Language


def present_pdf(application: Application, language: Language) -> bytes:
    """The dossier as its pages hold it now."""
    documents = [
        {"name": found.name, "kind": found.kind, "size": found.size, "sha256": found.sha256}
        for found in selectors.attachments_of(application)
    ]
    contents = selectors.contents_of(application)
    with translation.override(language):
        missing = overview.missing_lines(application, selectors.completeness(application, contents))
        return _pdf(application, contents, documents, language, {"missing": missing})


def submitted_pdf(application: Application, language: Language) -> bytes:
    """The dossier as it was submitted last, with the hash that decisions bind to."""
    submission = Submission.objects.select_related("by").get(application=application, round=application.round)
    with translation.override(language):
        documents = selectors.submitted_documents(application, submission.content)
        contents = submitted_contents(submission.content)
        return _pdf(application, contents, documents, language, {"submission": submission})


def _pdf(
    application: Application,
    contents: Contents,
    documents: list[dict[str, Any]],
    language: Language,
    more: dict[str, Any],
) -> bytes:
    names: dict[str, list[str]] = {}
    for document in documents:
        names.setdefault(document["kind"], []).append(document["name"])
    context = {
        "application": application,
        "standing": overview.standing(application),
        "pages": presentation.pages_read(application.specification, contents, names),
        "documents": documents,
        "team": selectors.team_of(application),
        "sentence": _sentence(contents, language),
        "printed_at": timezone.now(),
    }
    return pdf_from_template("print/application.html", {**context, **more}, language)


def _sentence(contents: Contents, language: Language) -> str:
    try:
        return composition.definition(contents).sentence(language)
    except DefinitionError:
        return ""
