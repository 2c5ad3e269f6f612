"""The committee's pages."""

from django.urls import path

from apps.committee import views

app_name = "committee"
_file = "comite/dossiers/<uuid:file_id>/"
_session = "comite/seances/<uuid:session_id>/"
urlpatterns = [
    path("comite/", views.home, name="home"),
    path("comite/membres/", views.members, name="members"),
    path("comite/interets/", views.interests, name="interests"),
    path("comite/interets/<uuid:interest_id>/fin/", views.interest_end, name="interest_end"),
    path("comite/seances/", views.sessions, name="sessions"),
    path("comite/seances/nouvelle/", views.session_new, name="session_new"),
    path(_session, views.session, name="session"),
    path(f"{_session}preparer/", views.session_prepare, name="session_prepare"),
    path(f"{_session}ouvrir/", views.session_open, name="session_open"),
    path(f"{_session}clore/", views.session_close, name="session_close"),
    path(f"{_session}annuler/", views.session_cancel, name="session_cancel"),
    path(f"{_session}ordre-du-jour.pdf", views.agenda_pdf, name="agenda_pdf"),
    path(f"{_session}proces-verbal.pdf", views.minutes_pdf, name="minutes_pdf"),
    path(_file, views.file, name="file"),
    path(f"{_file}pieces/<uuid:attachment_id>/", views.attachment, name="attachment"),
    path(f"{_file}interet/", views.disclose, name="disclose"),
    path(f"{_file}repondre/", views.answer, name="answer"),
    path(f"{_file}rapporteurs/", views.rapporteur_ask, name="rapporteur_ask"),
    path(f"{_file}rapporteurs/<uuid:rapporteur_id>/liberer/", views.rapporteur_release, name="rapporteur_release"),
    path(f"{_file}inscrire/", views.schedule, name="schedule"),
    path(f"{_file}desinscrire/", views.unschedule, name="unschedule"),
    path(f"{_file}vote/ouvrir/", views.vote_open, name="vote_open"),
    path(f"{_file}vote/clore/", views.vote_close, name="vote_close"),
    path(f"{_file}avis/", views.opinion, name="opinion"),
    path(f"{_file}avis.pdf", views.opinion_pdf, name="opinion_pdf"),
    path("avis/<uuid:file_id>.pdf", views.opinion_for_team, name="opinion_for_team"),
]
