"""The population, criterion by criterion, in the page."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.applications.models import Application
from tests.factories.accounts import client_signed_in
from tests.factories.applications import complete_contents, draft, researcher
from tests.integration.applications.asking import HTMX, held, save, text_of, url

pytestmark = pytest.mark.django_db


class TestPopulation:
    def start(self) -> tuple[Client, Application]:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        period: dict[str, Any] = complete_contents()["period"]
        save(client, application, "period", **period)
        return client, application

    def tree(self, application: Application) -> Any:
        return held(application, "population").get("population")

    def test_a_population_is_built_without_javascript(self) -> None:
        """Given nothing but forms and buttons, a tree is built, filled, wrapped and read back in both languages."""
        client, application = self.start()
        added = save(client, application, "population", op="add:r", **{"add-r": "stay"})
        assert added["Location"].endswith("/population/#r_0")
        typed: dict[str, Any] = {
            "r_0-leaf": "stay",
            "r_0-diagnosis": "e11 e10.9",
            "r_0-positions": ["principal"],
            "r_0-at_least": "2",
            "r_0-from": "2020-01-01",
            "r_0-to": "2021-06-30",
        }
        save(client, application, "population", op="add:r:sex", **typed)
        save(client, application, "population", op="wrap:r_1:not", **{"r_1-leaf": "sex", "r_1-value": "male"})
        assert self.tree(application) == {
            "all_of": [
                {
                    "stay": {
                        "diagnosis": ["E11", "E109"],
                        "positions": ["principal"],
                        "at_least": 2,
                        "period": {"from": "2020-01-01", "to": "2021-06-30"},
                    }
                },
                {"not": {"sex": "male"}},
            ]
        }
        page = text_of(client.get(url("page", application, "population")))
        assert 'lang="fr">Sont retenues les personnes qui' in page
        assert 'lang="en">Included are the people who' in page

    def test_with_javascript_the_tree_is_rebuilt_in_place(self) -> None:
        client, application = self.start()
        response = save(client, application, "population", HTMX, op="add:r:drug", tree="{}")
        fragment = text_of(response)
        assert fragment.lstrip().startswith('<div id="builder">')
        assert 'name="r_0-atc"' in fragment
        assert " autofocus" in fragment
        assert 'value="2020-01-01"' in fragment
        assert 'id="version" value="2" hx-swap-oob="true"' in fragment
        assert 'id="sentence"' in fragment

    def test_a_form_that_saves_itself_does_not_press_the_last_button_again(self) -> None:
        """Given htmx sends the last button pressed with each save of the form itself, its operation is not redone."""
        client, application = self.start()
        save(client, application, "population", HTMX, op="add:r:sex")
        again = {**HTMX, "HX-Trigger": "page-form"}
        response = save(
            client, application, "population", again, op="add:r:sex", **{"r_0-leaf": "sex", "r_0-value": "male"}
        )
        assert self.tree(application) == {"all_of": [{"sex": "male"}]}
        assert 'id="builder"' not in text_of(response)

    def test_what_is_wrong_is_said_beside_the_field_and_kept(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:drug")
        typed: dict[str, Any] = {
            "r_0-leaf": "drug",
            "r_0-atc": "ZZZZ",
            "r_0-at_least": "many",
            "r_0-from": "2020-01-01",
            "r_0-to": "",
        }
        fragment = text_of(save(client, application, "population", HTMX, **typed))
        assert re.search(r'id="r_0-atc-error"[^>]*>\s*<p class="fr-message fr-message--error">«', fragment)
        assert re.search(r'id="r_0-to-error"[^>]*>\s*<p class="fr-message fr-message--info">', fragment)
        page = text_of(client.get(url("page", application, "population")))
        assert 'value="ZZZZ"' in page
        assert 'value="many"' in page

    def test_a_known_code_that_does_not_exist_is_named(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:stay")
        typed: dict[str, Any] = {
            "r_0-leaf": "stay",
            "r_0-diagnosis": "Z999",
            "r_0-positions": "principal",
            "r_0-from": "2020-01-01",
            "r_0-to": "2020-12-31",
        }
        assert "Z999\u00a0»" in text_of(save(client, application, "population", HTMX, **typed))

    def test_codes_are_searched_with_and_without_javascript(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:stay")
        asked = {"place": "r_0", "name": "diagnosis", "system": "icd10"}
        for text, expected in (("E1", 'value="code:r_0:diagnosis:E11"'), ("diabète", 'value="code:r_0:diagnosis:E11"')):
            found = client.get(url("codes", application), {**asked, "r_0-diagnosis-search": text})
            assert expected in text_of(found)
        assert "code:" not in text_of(client.get(url("codes", application), {**asked, "r_0-diagnosis-search": "E"}))
        assert "code:" not in text_of(client.get(url("codes", application), {**asked, "r_0-diagnosis-search": "zzzzz"}))
        assert "code:" not in text_of(client.get(url("codes", application), {"system": "nonsense"}))
        typed: dict[str, Any] = {"r_0-leaf": "stay", "r_0-diagnosis": "", "r_0-diagnosis-search": "diab"}
        for headers in (None, HTMX):
            response = save(client, application, "population", headers, op="search:r_0:diagnosis", **typed)
            assert 'value="code:r_0:diagnosis:E11"' in text_of(response)
        save(client, application, "population", op="code:r_0:diagnosis:E11")
        assert self.tree(application)["all_of"][0]["stay"]["diagnosis"] == ["E11"]

    def test_codes_come_from_the_release_once_one_was_read(self) -> None:
        from apps.catalogue.models import Code, Release

        client, application = self.start()
        Release.objects.create(identifier="essai", synthetic=True)
        Code.objects.create(system="icd10", code="Q999", label_fr="syndrome d'essai", label_en="test syndrome")
        asked = {"place": "r_0", "name": "diagnosis", "system": "icd10", "r_0-diagnosis-search": "essai"}
        assert "code:r_0:diagnosis:Q999" in text_of(client.get(url("codes", application), asked))
        asked["r_0-diagnosis-search"] = "diabète"
        assert "code:" not in text_of(client.get(url("codes", application), asked))

    def test_a_search_of_nothing_finds_nothing(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:sex")
        for operation in ("search:r_0:value", "search:r_0", "search:r_9:diagnosis"):
            response = save(client, application, "population", op=operation, **{"r_0-leaf": "sex", "r_0-value": ""})
            assert response.status_code == 302

    @pytest.mark.parametrize("operation", ["remove:r_7", "explode:r", "add:r", "up:r_0", "code:r:x:y", "add:zzz:sex"])
    def test_an_operation_that_does_not_fit_changes_nothing(self, operation: str) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:sex")
        before = self.tree(application)
        assert save(client, application, "population", op=operation).status_code == 403
        assert self.tree(application) == before

    def test_a_tree_that_is_none_is_refused(self) -> None:
        client, application = self.start()
        assert save(client, application, "population", tree="[1]").status_code == 403

    def test_a_tree_too_large_is_refused_in_words(self) -> None:
        client, application = self.start()
        deep = '{"not": ' * 20 + '{"sex": "male"}' + "}" * 20
        response = save(client, application, "population", tree=deep)
        assert response.status_code == 403
        assert "plus simple" in text_of(response)

    def test_a_stale_tree_shows_both_and_keeps_mine(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:sex", tree="{}")
        mine = {
            "version": 1,
            "tree": '{"all_of": [{"region": []}]}',
            "r_0-leaf": "region",
            "r_0-codes": ["11"],
        }
        response = client.post(url("page", application, "population"), mine)
        assert response.status_code == 409
        assert "Île-de-France." in text_of(response)
        assert "&quot;region&quot;" in text_of(response)
        assert client.post(url("page", application, "population"), {**mine, "version": 2}).status_code == 302
        assert self.tree(application) == {"all_of": [{"region": ["11"]}]}

    def test_so_many_of_several_criteria_are_asked_for(self) -> None:
        """Given a group of which two should hold, it says that it holds one only, then reads back with both."""
        client, application = self.start()
        save(client, application, "population", op="add:r:sex")
        sex = {"r_0-leaf": "sex", "r_0-value": "male"}
        save(client, application, "population", op="turn:r:at_least", **sex)
        page = text_of(client.get(url("page", application, "population")))
        assert "Combien de ces critères au moins" in page
        assert "Au moins 2 critères sont demandés, la liste n’en compte que 1" in page
        save(client, application, "population", op="add:r:region", **{"r-leaf": "at_least", "r-count": ""})
        page = text_of(client.get(url("page", application, "population")))
        assert "Indiquez un nombre." in page
        typed: dict[str, Any] = {"r-leaf": "at_least", "r-count": "2", "r_1-leaf": "region", "r_1-codes": ["11"]}
        save(client, application, "population", **typed)
        assert self.tree(application) == {"at_least": {"count": 2, "of": [{"sex": "male"}, {"region": ["11"]}]}}
        page = text_of(client.get(url("page", application, "population")))
        assert "appartiennent à au moins 2 de ces 2 groupes" in page
        assert "are in at least 2 of these 2 groups: those who are male" in page

    def test_groups_say_what_they_lack(self) -> None:
        client, application = self.start()
        save(client, application, "population", op="add:r:any_of")
        page = text_of(client.get(url("page", application, "population")))
        assert "Ajoutez au moins un critère" in page
