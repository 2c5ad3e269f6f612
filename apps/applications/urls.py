"""Dossiers, and their examination by stewards."""

from django.urls import path, register_converter

from apps.applications import views
from apps.applications.converters import PageKeyConverter

register_converter(PageKeyConverter, "page_key")

app_name = "applications"
_one = "dossiers/<uuid:application_id>/"
_review = "instruction/<uuid:application_id>/"
urlpatterns = [
    path("parcours/", views.assistant, name="assistant"),
    path("avis/", views.notices, name="notices"),
    path("avis/lus/", views.notices_read, name="notices_read"),
    path("avis/preference/", views.notice_preference, name="notice_preference"),
    path("dossiers/", views.mine, name="list"),
    path("dossiers/nouveau/", views.create, name="create"),
    path(_one, views.detail, name="detail"),
    path(f"{_one}deposer/", views.submit, name="submit"),
    path(f"{_one}retirer/", views.withdraw, name="withdraw"),
    path(f"{_one}decision-cnil/", views.authority_document, name="authority_document"),
    path(f"{_one}decision/", views.decision_pdf, name="decision_pdf"),
    path(f"{_review}decision/", views.review_decision_pdf, name="review_decision_pdf"),
    path(f"{_one}saisir-la-cnil/", views.refer, name="refer"),
    path(f"{_one}modifier/", views.amend, name="amend"),
    path(f"{_one}reprendre/", views.revise, name="revise"),
    path(f"{_one}engagement/", views.commit, name="commit"),
    path(f"{_one}codes/", views.codes, name="codes"),
    path(f"{_one}equipe/ajouter/", views.member_add, name="member_add"),
    path(f"{_one}equipe/responsable/", views.investigator_name, name="investigator_name"),
    path(f"{_one}equipe/<uuid:person_id>/retirer/", views.member_remove, name="member_remove"),
    path(f"{_one}pieces/ajouter/", views.attachment_add, name="attachment_add"),
    path(f"{_one}pieces/<uuid:attachment_id>/", views.attachment, name="attachment"),
    path(f"{_one}pieces/<uuid:attachment_id>/retirer/", views.attachment_remove, name="attachment_remove"),
    path(f"{_one}messages/", views.team_messages, name="messages"),
    path(f"{_one}pieces.zip", views.archive, name="archive"),
    path(f"{_one}dossier.pdf", views.printed, name="print"),
    path(f"{_one}<page_key:key>/", views.page, name="page"),
    path("instruction/", views.queue_page, name="queue"),
    path("instruction/export.csv", views.queue_export, name="queue_export"),
    path("instruction/exclusions/", views.excluded, name="exclusions"),
    path("instruction/exclusions/lever/", views.exclusion_lift, name="exclusion_lift"),
    path("instruction/attribuer/", views.assign, name="assign"),
    path(_review, views.review, name="review"),
    path(f"{_review}renvoyer/", views.return_to_team, name="return"),
    path(f"{_review}complet/", views.accept, name="accept"),
    path(f"{_review}reorienter/", views.redirect_to_path, name="redirect"),
    path(f"{_review}avis/", views.opinion, name="opinion"),
    path(f"{_review}appreciation/", views.judge, name="judge"),
    path(f"{_review}liste/", views.check, name="check"),
    path(f"{_review}prolonger/", views.extend, name="extend"),
    path(f"{_review}silence/", views.silence, name="silence"),
    path(f"{_review}obligations/", views.obligation, name="obligation"),
    path(f"{_review}decision-cnil/", views.review_authority_document, name="review_authority_document"),
    path(f"{_review}cnil/", views.cnil, name="cnil"),
    path(f"{_review}classer/", views.discontinue, name="discontinue"),
    path(f"{_review}approuver/", views.approve, name="approve"),
    path(f"{_review}refuser/", views.refuse, name="refuse"),
    path(f"{_review}pieces/<uuid:attachment_id>/", views.review_attachment, name="review_attachment"),
    path(f"{_review}pieces/<uuid:attachment_id>/caviarder/", views.attachment_redact, name="attachment_redact"),
    path(f"{_review}messages/", views.review_messages, name="review_messages"),
    path(f"{_review}messages/ecrire/", views.review_message_post, name="review_message_post"),
    path(f"{_review}pieces.zip", views.review_archive, name="review_archive"),
    path(f"{_review}dossier.pdf", views.review_printed, name="review_print"),
]
