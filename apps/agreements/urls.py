"""Agreements."""

from django.urls import path

from apps.agreements import views

app_name = "agreements"
_one = "conventions/<uuid:agreement_id>/"
urlpatterns = [
    path("conventions/", views.agreements, name="list"),
    path(_one, views.agreement, name="agreement"),
    path(f"{_one}convention.pdf", views.document, name="document"),
    path(f"{_one}translation.pdf", views.translation, name="translation"),
    path(f"{_one}signatures.pdf", views.certificate, name="certificate"),
    path(f"{_one}signatures.json", views.record, name="record"),
    path(f"{_one}verifier/", views.verify, name="verify"),
    path(f"{_one}signer/", views.sign, name="sign"),
    path(f"{_one}decliner/", views.decline, name="decline"),
    path(f"{_one}reviser/", views.revise, name="revise"),
    path("dossiers/<uuid:application_id>/convention/", views.agreement_of_application, name="for_application"),
]
