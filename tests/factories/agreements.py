"""Agreements for tests, brought to a state by their own services."""

from datetime import date
from typing import Any

from apps.accounts.models import Organisation, Person
from apps.agreements import selectors, services
from apps.agreements.models import Agreement, Party, Signature
from apps.applications.models import Application
from tests.factories import applications as dossiers
from tests.factories.accounts import MandateFactory, PersonFactory

DOCUMENT = b"%PDF-1.7 the agreement\n%%EOF\n"


def signatory(organisation: Organisation, **fields: Any) -> Person:
    """A person mandated to sign for an organisation."""
    person = PersonFactory.create(**fields)
    MandateFactory.create(person=person, organisation=organisation, starts_on=date(2020, 1, 1), may_sign=True)
    return person


def prepared(application: Application | None = None, **more: Any) -> Agreement:
    """The agreement of an approved dossier, its document not made yet."""
    application = application or dossiers.at_status("agreement", path="full_authorisation", **more)
    return fresh(Agreement.objects.get(application=application))


def signing(application: Application | None = None, **more: Any) -> Agreement:
    """An agreement whose document is made, open to signatures."""
    return opened(prepared(application, **more))


def opened(agreement: Agreement) -> Agreement:
    """The agreement with the document of its present version."""
    version = selectors.present_version(agreement)
    services.document_keep(version=version, document=DOCUMENT + str(version.number).encode(), by="system:default")
    return fresh(agreement)


def fresh(agreement: Agreement) -> Agreement:
    """The agreement as the database has it now."""
    return Agreement.objects.select_related("application__organisation").get(pk=agreement.pk)


def party(agreement: Agreement, kind: str) -> Party:
    """The party of this kind."""
    return Party.objects.select_related("organisation").get(agreement=agreement, kind=kind)


def sign(agreement: Agreement, by: Person, kind: str = "controller", document_hash: str | None = None) -> Signature:
    """The person signs for the party of this kind, the second factor taken as given."""
    read = selectors.present_version(agreement).document_hash if document_hash is None else document_hash
    with dossiers.second_factor_accepted():
        return services.agreement_sign(
            agreement=agreement, party=party(agreement, kind), document_hash=read, code="000000", by=by
        )
