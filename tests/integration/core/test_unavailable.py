"""A database that is away is a page in words, which asks the database nothing."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.utils import InterfaceError, OperationalError
from django.test import Client

from apps.core.views import server_error

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError("could not serialize access"), InterfaceError("closed")])
def test_a_database_that_is_away_says_what_to_do(error):
    client = Client(raise_request_exception=False)

    def away(*_args):
        raise error

    with connection.execute_wrapper(away):
        client.cookies["sessionid"] = "x" * 32
        answer = client.get("/dossiers/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "rechargez la page" in answer.content.decode()


def test_another_failure_is_no_pretended_absence(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        assert server_error(request).status_code == 500
