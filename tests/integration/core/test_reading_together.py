"""Several reads in one statement give what each would have given by itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person, TotpDevice
from apps.core.models import OutboxItem
from apps.core.reading_together import read_together
from apps.people.models import ProfessionalAddress
from apps.workspaces.models import Offer
from tests.factories.accounts import MandateFactory, PersonFactory, TotpDeviceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    """Somebody with mandates, an address and a second factor; a price and an item of work besides."""
    made = PersonFactory.create(family_name="d'Été \\ 'x'")
    TotpDeviceFactory.create(user=made)
    MandateFactory.create(person=made, starts_on=date(2020, 1, 1), ends_on=date(2030, 12, 31))
    MandateFactory.create(person=made, starts_on=date(2021, 1, 1))
    ProfessionalAddress.objects.create(person=made, email=made.email, verified_at=timezone.now())
    Offer.objects.create(
        provider="essai", code="S", processors=2, memory=8, hourly=Decimal("0.1000"), read_at=timezone.now()
    )
    moment = timezone.now()
    OutboxItem.objects.create(key="a", kind="essai", queue="default", subject_id="1", not_before=moment)
    return made


def _asked(person: Person) -> "list[QuerySet[Any, Any]]":
    """Whatever kinds of querysets and columns the pages read together."""
    mandates = Mandate.objects.filter(person=OuterRef("pk"))
    people = Person.objects.filter(pk=person.pk)
    return [
        Mandate.objects.filter(person=person).select_related("person", "organisation").order_by("-starts_on"),
        ProfessionalAddress.objects.filter(person=person),
        TotpDevice.objects.filter(user=person),
        Person.objects.defer("email").filter(pk=person.pk),
        people.annotate(days=ArraySubquery(mandates.values("starts_on").order_by("starts_on")), some=Exists(mandates)),
        people.annotate(ids=ArraySubquery(mandates.values("pk").order_by("pk"))),
        Offer.objects.filter(provider="essai"),
        Offer.objects.order_by().values("provider").annotate(sum=Sum("hourly")).values_list("sum", flat=True),
        OutboxItem.objects.filter(kind="essai").annotate(ratio=models.Value(0.5, models.FloatField())),
        Organisation.objects.filter(mandates__person=person).order_by("-name").values_list("pk", "name")[:1],
        Person.objects.none(),
        Person.objects.filter(family_name="nobody of that name"),
    ]


def _columns(rows: "QuerySet[Any, Any]") -> list[Any]:
    """Everything that rows hold, with what was read beside them."""
    return [_of_row(row) if isinstance(row, models.Model) else row for row in rows]


def _of_row(row: models.Model) -> dict[str, Any]:
    own = {name: value for name, value in vars(row).items() if name != "_state"}
    return {**own, "beside": {name: _of_row(one) for name, one in row._state.fields_cache.items() if one}}


def test_each_gives_what_it_would_have_given_alone(person: Person, django_assert_num_queries: Any) -> None:
    alone = [_columns(one) for one in _asked(person)]
    together = _asked(person)

    with django_assert_num_queries(1):
        read_together(*together)
        found = [_columns(one) for one in together]

    assert found == alone
    assert found[0]
    assert found[0][0]["beside"]["organisation"]["name"]


def test_what_was_read_is_filtered_anew_by_a_statement_of_its_own(person: Person) -> None:
    held = Mandate.objects.filter(person=person)
    read_together(held)

    assert held.filter(starts_on__year=2021).count() == 1
    assert held.order_by("starts_on").first() in held


def test_what_was_evaluated_before_is_not_read_again(person: Person, django_assert_num_queries: Any) -> None:
    held = Mandate.objects.filter(person=person)
    assert len(held) == 2

    with django_assert_num_queries(0):
        read_together(held, Person.objects.none())
