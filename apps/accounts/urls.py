"""URLs of sign-in and of one's own account."""

from django.urls import include, path

from apps.accounts import (
    account_views,
    identity_views,
    passkey_views,
    recovery_review_views,
    recovery_views,
    staff_role_views,
    step_up_views,
    views,
)

account_patterns = [
    path("connexion/", views.sign_in, name="sign_in"),
    path("connexion/code/", views.second_factor, name="second_factor"),
    path("connexion/cle/options/", passkey_views.sign_in_options, name="passkey_sign_in_options"),
    path("connexion/cle/", passkey_views.sign_in, name="passkey_sign_in"),
    path("connexion/fournisseur/", identity_views.begin, name="identity_begin"),
    path("connexion/fournisseur/retour/", identity_views.come_back, name="identity_return"),
    path("connexion/enrolement/", views.enrol, name="enrol"),
    path("connexion/codes-de-secours/", views.recovery_codes, name="recovery_codes"),
    path("connexion/mot-de-passe-oublie/", recovery_views.password_forgotten, name="password_forgotten"),
    path("connexion/nouveau-mot-de-passe/<str:link>/", recovery_views.password_reset, name="password_reset"),
    path("connexion/recuperation/", recovery_views.recovery_ask, name="recovery_ask"),
    path("connexion/recuperation/arreter/<str:link>/", recovery_views.recovery_cancel, name="recovery_cancel"),
    path("connexion/recuperation/terminer/<str:link>/", recovery_views.recovery_finish, name="recovery_finish"),
    path("recuperations/", recovery_review_views.listing, name="recoveries"),
    path("recuperations/<uuid:recovery_id>/", recovery_review_views.recovery, name="recovery"),
    path("recuperations/<uuid:recovery_id>/approuver/", recovery_review_views.approve, name="recovery_approve"),
    path("recuperations/<uuid:recovery_id>/refuser/", recovery_review_views.refuse, name="recovery_refuse"),
    path("roles/", staff_role_views.listing, name="staff_roles"),
    path("roles/<uuid:staff_id>/", staff_role_views.of_person, name="staff_roles_of"),
    path("roles/<uuid:staff_id>/donner/", staff_role_views.give, name="staff_role_give"),
    path("roles/<int:staff_role_id>/terminer/", staff_role_views.end, name="staff_role_end"),
    path("deconnexion/", views.sign_out, name="sign_out"),
    path("compte/", account_views.account, name="account"),
    path("compte/sessions/", account_views.sessions_end, name="sessions_end"),
    path("compte/sessions/<slug:mark>/terminer/", account_views.session_end, name="session_end"),
    path("compte/session/", account_views.session_extend, name="session_extend"),
    path("compte/mot-de-passe/", account_views.password_change, name="password"),
    path("compte/cles/", passkey_views.listing, name="passkeys"),
    path("compte/cles/options/", passkey_views.add_options, name="passkey_add_options"),
    path("compte/cles/ajouter/", passkey_views.add, name="passkey_add"),
    path("compte/cles/<int:passkey_id>/retirer/", passkey_views.remove, name="passkey_remove"),
    path("compte/confirmer/", step_up_views.step_up, name="step_up"),
    path("compte/confirmer/options/", step_up_views.options, name="step_up_options"),
    path("compte/identite/lier/", identity_views.link, name="identity_link"),
    path("compte/identite/delier/", identity_views.unlink, name="identity_unlink"),
    path("compte/codes-de-secours/", account_views.recovery_codes_renew, name="recovery_codes_renew"),
    path("compte/second-facteur/", account_views.factor_replace, name="factor_replace"),
]
urlpatterns = [
    path("", include((account_patterns, "accounts"))),
    path("langue/", account_views.language_set, name="set_language"),
]
