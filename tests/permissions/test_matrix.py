"""Every URL × every method × everybody × every kind of object answers as the permission table says."""

import gc
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from apps.accounts.models import Person
from tests.factories.applications import documents_kept_in
from tests.permissions.addresses import UnknownParameter, addresses
from tests.permissions.asking import Answer, ask, documents_unprinted, watch_files
from tests.permissions.assignment import assignment_problems, hostile
from tests.permissions.calls import unknown_actions
from tests.permissions.matrix import Matrix
from tests.permissions.page_cost import PageCost
from tests.permissions.particulars import IDENTITY_PROVIDER
from tests.permissions.payloads import PAYLOADS, Payload
from tests.permissions.world import Visitor, world_made
from tests.support.database import database_copied

URLS = "tests.permissions.urls"
NAMES = [address.name for address in addresses()]


@pytest.fixture(scope="module")
def matrix(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory, unmeasured: None
) -> Iterator[Matrix]:
    """One world for the whole module, in a database of its own. With `-s` it tells what the calls took."""
    folder: Path = tmp_path_factory.mktemp("media")
    with (
        django_db_blocker.unblock(),
        database_copied(connection, f"{connection.settings_dict['NAME']}_matrix"),
        documents_kept_in(folder),
        documents_unprinted(),
        override_settings(ROOT_URLCONF=URLS, IDENTITY_PROVIDER=IDENTITY_PROVIDER),
    ):
        with transaction.atomic():
            made = world_made()
        watch_files(str(folder))
        logging.disable()
        gc.freeze()  # what exists by now stays to the end: every collection would go through it in vain
        asked, began = Matrix(made), time.process_time()
        yield asked
        took = time.process_time() - began
        gc.unfreeze()
        print(f"{asked.addresses} addresses, {asked.calls} calls, {took:.0f} s of processor time")
        logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def page_cost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No page reads more often than it may, whoever asks."""
    counting = PageCost(ask)
    monkeypatch.setattr("tests.permissions.matrix.ask", counting)
    yield
    assert not counting.too_many


@pytest.mark.parametrize("name", [*NAMES, "undeclared"])
def test_every_call_is_answered_as_the_table_says(matrix: Matrix, name: str) -> None:
    address = next(found for found in addresses() if found.name == name)
    problems = list(matrix.problems(address))
    assert not problems, "\n".join(problems[:20])


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_command_takes_its_own_fields_and_no_other(matrix: Matrix, name: str) -> None:
    address = next(found for found in addresses() if found.name == name)
    assert list(assignment_problems(matrix, address)) == []


def test_a_column_that_a_command_took_would_be_seen(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(visitor: Visitor, method: str, path: str, payload: Payload) -> Answer:
        answer = ask(visitor, method, path, payload)
        if "is_superuser" in payload.data:
            Person.objects.filter(email=visitor.email).update(is_superuser=True, family_name=payload.data["name"])
        return answer

    monkeypatch.setattr("tests.permissions.assignment.ask", greedy)
    address = next(found for found in addresses() if found.name == "accounts:sessions_end")
    found = "\n".join(assignment_problems(matrix, address))
    assert "accounts_person.is_superuser" in found
    assert "marked rows of accounts_person" in found


def test_there_are_columns_to_send() -> None:
    assert {"is_superuser", "is_active", "status", "role", "organisation_id", "decided_at"} <= set(hostile())


def test_no_line_of_the_table_is_without_an_address() -> None:
    assert unknown_actions() == []


def test_every_command_has_a_payload_and_no_payload_is_for_nothing() -> None:
    commands = {found.name for found in addresses() if found.action and "POST" in found.action.methods}
    assert commands == set(PAYLOADS)


def test_an_address_with_an_unknown_parameter_is_refused() -> None:
    from tests.permissions.addresses import _address

    with pytest.raises(UnknownParameter, match="mystery_id"):
        _address("new", "essai/<uuid:mystery_id>/", None)
