"""URLs of organisations, invitations and accreditation."""

from django.urls import path

from apps.people.views import accreditation, invitations, organisations

app_name = "people"
urlpatterns = [
    path("organisations/", organisations.listing, name="organisations"),
    path("organisations/nouvelle/", organisations.create, name="organisation_create"),
    path("mes-organisations/", organisations.mine, name="my_organisations"),
    path("organisations/<uuid:organisation_id>/", organisations.organisation, name="organisation"),
    path("organisations/<uuid:organisation_id>/corriger/", organisations.correct, name="organisation_correct"),
    path("organisations/<uuid:organisation_id>/inviter/", invitations.send, name="invitation_send"),
    path("mandats/<int:mandate_id>/modifier/", organisations.mandate_change, name="mandate_change"),
    path("mandats/<int:mandate_id>/terminer/", organisations.mandate_end, name="mandate_end"),
    path("invitations/<uuid:invitation_id>/renvoyer/", invitations.resend, name="invitation_resend"),
    path("invitations/<uuid:invitation_id>/retirer/", invitations.withdraw, name="invitation_withdraw"),
    path("invitation/", invitations.accept, name="invitation_accept"),
    path("invitation/<str:invitation_secret>/", invitations.follow, name="invitation_follow"),
    path("accreditation/", accreditation.mine, name="accreditation"),
    path("accreditation/attestations/", accreditation.certificate_add, name="certificate_add"),
    path(
        "accreditation/attestations/<uuid:own_certificate_id>/", accreditation.certificate_own, name="certificate_own"
    ),
    path("accreditation/conditions/", accreditation.conditions, name="conditions"),
    path("accreditation/adresse/", accreditation.address_verify_ask, name="address_verify_ask"),
    path("accreditation/adresse/<str:secret>/", accreditation.address_verify, name="address_verify"),
    path("accreditation/orcid/", accreditation.orcid, name="orcid"),
    path("personnes/<uuid:holder_id>/accreditation/", accreditation.holder, name="holder"),
    path("attestations/", accreditation.queue, name="certificates"),
    path("attestations/<uuid:certificate_id>/", accreditation.examine, name="certificate_examine"),
    path("attestations/<uuid:certificate_id>/fichier/", accreditation.certificate, name="certificate"),
    path("conditions-d-utilisation/", accreditation.conditions_publish, name="conditions_publish"),
]
