"""Access is computed: every condition, one at a time, over the whole table."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from apps.people.rules import AccreditationFacts, Period, State
from apps.projects import wording
from apps.projects.rules import AccessFacts, AgreementFact, access_conditions, project_conditions

TODAY = date(2027, 3, 15)
DAY = timedelta(days=1)
NOW, PAST, COMING = Period(TODAY - DAY, TODAY), Period(TODAY - 9 * DAY, TODAY - DAY), Period(TODAY + DAY)
WHOLE = AccessFacts(
    today=TODAY,
    project_is_active=True,
    entitlement=NOW,
    account_is_active=True,
    member_since=TODAY,
    mandate=NOW,
    accreditation=AccreditationFacts(NOW, False, 1, 1, TODAY, TODAY),
    agreement=AgreementFact(NOW),
)
CODES = ["project", "entitlement", "agreement", "account", "membership", "mandate", "training", "conditions", "address"]


def states(facts: AccessFacts) -> dict[str, State]:
    return {one.code: one.state for one in access_conditions(facts)}


def test_access_is_open_when_every_condition_is_met() -> None:
    assert states(WHOLE) == dict.fromkeys(CODES, State.MET)


def test_an_agreement_is_a_condition_only_where_one_is_needed() -> None:
    assert list(states(replace(WHOLE, agreement=None))) == [code for code in CODES if code != "agreement"]


@pytest.mark.parametrize(
    ("change", "code", "state"),
    [
        ({"project_is_active": False}, "project", State.ENDED),
        ({"entitlement": COMING}, "entitlement", State.NOT_YET),
        ({"entitlement": PAST}, "entitlement", State.ENDED),
        ({"agreement": AgreementFact()}, "agreement", State.MISSING),
        ({"agreement": AgreementFact(pending=True)}, "agreement", State.PENDING),
        ({"agreement": AgreementFact(COMING)}, "agreement", State.NOT_YET),
        ({"agreement": AgreementFact(PAST)}, "agreement", State.ENDED),
        ({"account_is_active": False}, "account", State.ENDED),
        ({"member_since": None}, "membership", State.MISSING),
        ({"mandate": None}, "mandate", State.MISSING),
        ({"mandate": COMING}, "mandate", State.NOT_YET),
        ({"mandate": PAST}, "mandate", State.ENDED),
        ({"accreditation": replace(WHOLE.accreditation, training=PAST)}, "training", State.ENDED),
        ({"accreditation": replace(WHOLE.accreditation, conditions_version=2)}, "conditions", State.ENDED),
        ({"accreditation": replace(WHOLE.accreditation, address_verified_on=None)}, "address", State.MISSING),
    ],
)
def test_one_thing_missing_closes_access_by_one_condition(change: dict[str, Any], code: str, state: State) -> None:
    found = states(replace(WHOLE, **change))
    assert found[code] is state
    assert {other for other, its in found.items() if its is not State.MET} == {code}


def test_the_conditions_of_the_project_are_nobodys_in_particular() -> None:
    lost = replace(WHOLE, member_since=None, mandate=None, account_is_active=False)
    assert all(one.is_met for one in project_conditions(lost))


def test_every_condition_has_its_words_and_every_unmet_one_its_advice() -> None:
    periods = (NOW, PAST, COMING)
    agreements = (None, AgreementFact(), AgreementFact(pending=True), *map(AgreementFact, periods))
    for entitlement, mandate, agreement, good in product(periods, (None, *periods), agreements, (True, False)):
        facts = replace(
            WHOLE,
            entitlement=entitlement,
            mandate=mandate,
            agreement=agreement,
            project_is_active=good,
            account_is_active=good,
            member_since=TODAY if good else None,
        )
        for one in access_conditions(facts):
            assert one.code in wording.CONDITIONS
            assert one.is_met or one.what_to_do in wording.ADVICE
