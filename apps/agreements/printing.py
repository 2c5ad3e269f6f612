"""The agreement on paper: the document that is signed (French), its translation, and the certificate of signatures."""

from typing import Any

from django.utils.dateparse import parse_date

from apps.agreements import selectors
from apps.agreements.models import Agreement, Party, Version
from apps.applications.models import Member, StageOutcome
from apps.core.printing import pdf_from_template

SIGNED_IN = "fr"


def document(version: Version) -> bytes:
    """The document that is signed: what the version says, in French, the language of the procedure."""
    return pdf_from_template("agreements/print/agreement.html", _context(version), SIGNED_IN)


def translation(version: Version) -> bytes:
    """An English translation for information; it is not what is signed, and says so."""
    return pdf_from_template("agreements/print/agreement.html", {**_context(version), "is_translation": True}, "en")


def certificate(agreement: Agreement, language: str) -> bytes:
    """Who signed which document, when, by which mandate; and whether everything checked still holds."""
    context = {
        "agreement": agreement,
        "version": selectors.present_version(agreement),
        "checked": selectors.verification(agreement),
    }
    return pdf_from_template("agreements/print/certificate.html", context, language)


def _context(version: Version) -> dict[str, Any]:
    content = version.content
    outcomes = dict(StageOutcome._meta.get_field("outcome").flatchoices)
    return {
        "version": version,
        "content": content,
        "days": {name: parse_date(day) for name, day in _days(content).items()},
        "parties": [{**party, "as": Party.Kind(party["kind"]).label} for party in content["parties"]],
        "people": [{**one, "as": Member.Role(one["role"]).label} for one in content["people"]],
        "conditions": [
            {**one, "said": outcomes.get(one["outcome"], ""), "on": parse_date(one["day"])}
            for one in content["conditions"]
        ],
    }


def _days(content: dict[str, Any]) -> dict[str, str]:
    return {f"{period}_{end}": content[period][end] for period in ("data", "access") for end in ("from", "to")}
