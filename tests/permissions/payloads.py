"""For each command, what a well-formed call of it sends: so that only permission decides whether it goes through."""

import uuid
from dataclasses import replace
from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from apps.accounts import passkeys
from apps.accounts.acts import Asked
from apps.accounts.mailed_secrets import secret_digest
from apps.accounts.models import Mandate, Organisation, Person, PortalSession
from apps.accounts.recovery_models import AccountRecovery, MailedSecret
from apps.accounts.rules import Act
from apps.accounts.staff_roles import content_of
from apps.applications.models import Application, Exclusion, Member, Obligation, Page
from apps.core.rules import Role
from apps.directory.models import Entry
from apps.people.models import ConditionsAcceptance, ConditionsOfUse
from apps.reviews.models import Review, ReviewItem
from apps.workspaces.models import Workspace
from tests.factories.accounts import PASSWORD, confirmed, siren_numbered
from tests.factories.applications import PDF
from tests.factories.audit import unguarded
from tests.factories.workspaces import confirmed_opening
from tests.permissions.addresses import LINK
from tests.permissions.payload import Ids, Maker, Payload, fresh_code
from tests.permissions.room_payloads import ROOMS
from tests.permissions.world import Visitor, World, authenticator_of

NEW_PASSWORD = "d'autres mots que personne n'attend"
CHALLENGE = "bWF0cml4"


def payload_for(name: str, world: World, visitor: Visitor, ids: Ids) -> Payload:
    """The payload of the URL with this name. Raises KeyError: a command without one here is not in the matrix."""
    return PAYLOADS[name](world, visitor, ids)


def _nothing(*_: object) -> Payload:
    return Payload()


def _silent(*_: object) -> Payload:
    return Payload(writes=False)


def _seen(ids: Ids, **more: str) -> Payload:
    """What was seen of a dossier, as its forms send it."""
    application = Application.objects.filter(pk=ids["application_id"]).first()
    version, content = (application.version, application.content_hash) if application else (1, "0" * 64)
    return Payload({"version": str(version), "content_hash": content, **more})


def _seen_workspace(ids: Ids) -> Payload:
    workspace = Workspace.objects.filter(pk=ids["workspace_id"]).first()
    return Payload({"version": str(workspace.version if workspace else 1), "reason": "Essai de la matrice."})


def _resized(world: World, visitor: Visitor, ids: Ids) -> Payload:
    seen = _seen_workspace(ids)
    return Payload({"version": seen.data["version"], "size": ""})


def _page(world: World, visitor: Visitor, ids: Ids) -> Payload:
    page = Page.objects.filter(application_id=ids["application_id"], key=ids["key"]).first()
    typed = {"summary_fr": f"Autre texte {uuid.uuid4()}.", "summary_en": ""}
    return Payload({"version": str(page.version if page else 1), **typed})


def _sign_in(world: World, visitor: Visitor, ids: Ids) -> Payload:
    someone = world.visitors["member"]
    return Payload({"email": someone.email, "password": PASSWORD}, writes=not _has_session(visitor))


def _has_session(visitor: Visitor) -> bool:
    """Whether the visitor's cookies stand for somebody, so that signing in once more only leads onward."""
    return visitor.name not in {"anonymous", "timed_out", "deactivated"}


def _second_factor(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"code": fresh_code()}, writes=visitor.name == "one_factor")


def _enrol(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """Everybody of the matrix is enrolled: enrolling again only leads to the code page."""
    return Payload({"code": fresh_code()}, writes=False)


def _challenge(visitor: Visitor, purpose: str) -> str:
    """A challenge that the portal gave this visitor."""
    if visitor.person_id:
        person = Person.objects.get(pk=visitor.person_id)
        passkeys._challenge_keep(person, purpose, {"challenge": CHALLENGE})
    return CHALLENGE


def _passkey_used(world: World, visitor: Visitor, ids: Ids) -> Payload:
    answer = authenticator_of(visitor.name).signed(_challenge(visitor, passkeys.SIGN_IN))
    return Payload({"credential": answer})


def _passkey_added(world: World, visitor: Visitor, ids: Ids) -> Payload:
    device = replace(authenticator_of(visitor.name), credential_id=b"another passkey")
    answer = device.made(_challenge(visitor, passkeys.ADD))
    return Payload({"name": "Autre", "otp_code": fresh_code(), "credential": answer})


def _step_up(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """The page that confirms a download, as this visitor was led to it."""
    asked = Asked(Act("audit.export", "", "0" * 64), "/audit/export/", "GET", "")
    return Payload({"acte": asked.token(Person(pk=visitor.person_id or uuid.uuid4())), "otp_code": fresh_code()})


def _confirmed_opening(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """A first opening that the visitor has just confirmed."""
    workspace = Workspace.objects.select_related("project__entitlement").filter(pk=ids["workspace_id"]).first()
    if visitor.person_id and workspace and not workspace.tickets.filter(person_id=visitor.person_id).exists():
        confirmed_opening(workspace, Person(pk=visitor.person_id))
    return Payload()


def _mailed(purpose: str) -> Maker:
    """A link sent to somebody by e-mail, and what its page sends."""

    def make(world: World, visitor: Visitor, ids: Ids) -> Payload:
        recovery = AccountRecovery.objects.get(pk=world.of_roles["recovery_id"])
        if purpose == "finish":
            unguarded(f"UPDATE accounts_accountrecovery SET status = 'open' WHERE id = '{recovery.pk}'")
        MailedSecret.objects.create(
            digest=secret_digest(LINK),
            person_id=recovery.person_id,
            recovery=recovery,
            purpose=purpose,
            expires_at=timezone.now() + timedelta(hours=1),
        )
        new = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
        return Payload({"cancel": {}, "finish": new, "reset": {**new, "otp_code": fresh_code()}}[purpose])

    return make


def _identity(visitor: Visitor, action: str) -> Payload:
    if visitor.person_id:
        confirmed(Person(pk=visitor.person_id), action, visitor.person_id)
    return Payload()


def _role_given(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """A role whose giving the visitor has just confirmed."""
    today = timezone.localdate()
    if visitor.person_id:
        content = content_of("auditor", today, None)
        confirmed(Person(pk=visitor.person_id), "staff_role.give", ids["staff_id"], content)
    return Payload({"role": "auditor", "starts_on": today.isoformat(), "ends_on": ""})


def _role_ended(world: World, visitor: Visitor, ids: Ids) -> Payload:
    if visitor.person_id:
        confirmed(Person(pk=visitor.person_id), "staff_role.end", ids["staff_role_id"])
    return Payload()


def _vouched(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"note": "Vue en visioconférence.", "seen": "asked", "otp_code": fresh_code()})


def _somebody(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"email": world.newcomer_email})


def _sign_out(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload(writes=visitor.name != "anonymous")


def _language(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"language": "en"}, writes=_has_session(visitor))


def _another_session(world: World, visitor: Visitor, ids: Ids) -> Payload:
    if visitor.person_id:
        PortalSession.objects.create(
            session_key=uuid.uuid4().hex[:32],
            session_data="",
            expire_date="2100-01-01T00:00:00+00:00",
            person_id=visitor.person_id,
        )
    return Payload()


def _password(world: World, visitor: Visitor, ids: Ids) -> Payload:
    new = NEW_PASSWORD
    fields = {"current_password": PASSWORD, "new_password": new, "new_password_again": new, "otp_code": fresh_code()}
    return Payload(fields)


def _create(world: World, visitor: Visitor, ids: Ids) -> Payload:
    mandate = _mandate_of(visitor)
    asked = {"organisation": mandate, "path": "mr004", "creation_key": str(uuid.uuid4())}
    return Payload(asked, writes=bool(mandate))


def _mandate_of(visitor: Visitor) -> str:
    if not visitor.person_id:
        return ""
    return str(Mandate.objects.filter(person_id=visitor.person_id, ends_on=None)[0].organisation_id)


def _obligation(world: World, visitor: Visitor, ids: Ids) -> Payload:
    found = Obligation.objects.filter(application_id=ids["application_id"]).first()
    return _seen(ids, obligation=str(found.pk if found else uuid.uuid4()), note="Publiés.")


def _assigned(world: World, visitor: Visitor, ids: Ids) -> Payload:
    dossier = world.dossiers["others", "submitted"].ids["application_id"]
    return Payload({"application": dossier, "steward": world.visitors["steward"].person_id})


def _newly_named(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """Another person of the team; anybody where there is none."""
    others = Member.objects.filter(application=ids["application_id"], role=Member.Role.MEMBER)
    found = others.values_list("person_id", flat=True).first()
    return Payload({"person": str(found or uuid.uuid4())})


def _attachment(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"kind": "protocol", "replaces": ""}, {"file": ("protocole.pdf", PDF)})


def _results(world: World, visitor: Visitor, ids: Ids) -> Payload:
    entry = Entry.objects.filter(application_id=ids["application_id"]).first()
    told = dict.fromkeys(("method", "method_en", "results_en", "publications"), "")
    return Payload({**told, "version": str(entry.version if entry else 1), "results": f"Résultat {uuid.uuid4()}."})


def _organisation(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """An organisation with a SIREN that nobody has yet."""
    fields = {"name": "Institut", "kind": "public", "siren": siren_numbered(777_777), "roles": "laboratory"}
    found = Organisation.objects.filter(pk=ids.get("organisation_id")).first()
    return Payload({**fields, "version": str(found.version if found else 1)})


def _conditions(world: World, visitor: Visitor, ids: Ids) -> Payload:
    if visitor.roles & {Role.PERSON}:
        ConditionsAcceptance.objects.filter(person_id=visitor.person_id).delete()
    version = ConditionsOfUse.objects.aggregate(n=Max("version"))["n"]
    return Payload({"version": str(version), "agreed": "on"})


def _new_conditions(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"in_force_from": str(timezone.localdate()), "text_fr": "Texte.", "text_en": "Text."})


def _invited(world: World, visitor: Visitor, ids: Ids) -> Payload:
    email = f"{uuid.uuid4().hex[:8]}@exemple.fr"
    return Payload(
        {"email": email, "given_name": "Max", "family_name": "Essai", "role": "member", "language": "fr", "ends_on": ""}
    )


def _certificate(world: World, visitor: Visitor, ids: Ids) -> Payload:
    return Payload({"completed_on": str(timezone.localdate())}, {"file": ("attestation.pdf", PDF)})


def _review_opened(world: World, visitor: Visitor, ids: Ids) -> Payload:
    """One review is open at a time: the steward finds the present one closed."""
    if Role.STEWARD in visitor.roles:
        Review.objects.filter(state="open").update(state="closed", closed_at=timezone.now())
    return Payload({"closes_on": str(timezone.localdate() + timedelta(days=30))})


def _reviewed(world: World, visitor: Visitor, ids: Ids) -> Payload:
    item = ReviewItem.objects.filter(review_id=ids["review_id"]).first()
    return Payload({"items": str(item.pk if item else 1), "verdict": "confirm", "reason": ""})


PAYLOADS: dict[str, Maker] = {
    **ROOMS,
    "reviews:open": _review_opened,
    "reviews:decide": _reviewed,
    "people:organisation_create": _organisation,
    "people:organisation_correct": _organisation,
    "people:mandate_change": lambda world, visitor, ids: Payload({"role": "signatory", "ends_on": ""}),
    "people:mandate_end": _nothing,
    "people:invitation_send": _invited,
    "people:invitation_resend": _nothing,
    "people:invitation_withdraw": _nothing,
    "people:invitation_accept": _silent,  # nobody of the world followed a link
    "people:certificate_add": _certificate,
    "people:certificate_examine": lambda world, visitor, ids: Payload({"verdict": "accept", "reason": ""}),
    "people:conditions": _conditions,
    "people:conditions_publish": _new_conditions,
    "people:address_verify_ask": lambda world, visitor, ids: Payload({"email": "essai@chu-demo.fr"}),
    "people:address_verify": _nothing,
    "people:orcid": lambda world, visitor, ids: Payload({"orcid": "0000-0002-1825-0097"}),
    "directory:results": _results,
    "intervention_retry": _nothing,
    "set_language": _language,
    "accounts:sign_in": _sign_in,
    "accounts:second_factor": _second_factor,
    "accounts:enrol": _enrol,
    "accounts:recovery_codes": _silent,
    "accounts:identity_begin": _nothing,
    "accounts:identity_link": lambda world, visitor, ids: _identity(visitor, "account.identity_link"),
    "accounts:identity_unlink": lambda world, visitor, ids: _identity(visitor, "account.identity_unlink"),
    "accounts:sign_out": _sign_out,
    "accounts:session_extend": _nothing,
    "accounts:passkey_sign_in_options": _nothing,
    "accounts:passkey_sign_in": _passkey_used,
    "accounts:passkey_add_options": _nothing,
    "accounts:passkey_add": _passkey_added,
    "accounts:passkey_remove": lambda world, visitor, ids: Payload({"otp_code": fresh_code()}),
    "accounts:sessions_end": _another_session,
    "accounts:session_end": _silent,
    "accounts:password": _password,
    "accounts:step_up": _step_up,
    "accounts:password_forgotten": _somebody,
    "accounts:recovery_ask": _somebody,
    "accounts:password_reset": _mailed("reset"),
    "accounts:recovery_cancel": _mailed("cancel"),
    "accounts:recovery_finish": _mailed("finish"),
    "accounts:recovery_approve": _vouched,
    "accounts:recovery_refuse": lambda world, visitor, ids: Payload({"seen": "asked"}),
    "accounts:staff_role_give": _role_given,
    "accounts:staff_role_end": _role_ended,
    "accounts:step_up_options": lambda world, visitor, ids: Payload({"action": "audit.export"}),
    "accounts:recovery_codes_renew": lambda world, visitor, ids: Payload({"otp_code": fresh_code()}),
    "accounts:factor_replace": lambda world, visitor, ids: Payload({"code": fresh_code()}),
    "applications:create": _create,
    "applications:submit": lambda world, visitor, ids: _seen(ids),
    "applications:withdraw": lambda world, visitor, ids: _seen(ids),
    "applications:member_add": lambda world, visitor, ids: Payload({"email": world.newcomer_email}),
    "applications:member_remove": _nothing,
    "applications:investigator_name": _newly_named,
    "applications:attachment_add": _attachment,
    "applications:attachment_remove": _nothing,
    "applications:amend": lambda world, visitor, ids: Payload({"kind": "amendment", "creation_key": str(uuid.uuid4())}),
    "applications:judge": lambda world, visitor, ids: _seen(ids, substantial="yes", reason="Autre étude."),
    "applications:exclusion_lift": lambda world, visitor, ids: Payload(
        {"exclusion": str(Exclusion.objects.get().pk), "reason": "Erreur."}
    ),
    "fulfilment:close": lambda world, visitor, ids: Payload({"ending": "stopped", "told": "Fini.", "confirmed": "on"}),
    "fulfilment:revoke": lambda world, visitor, ids: Payload(
        {
            "reason": "Réidentification.",
            "until_on": str(timezone.localdate() + timedelta(days=30)),
            "otp_code": fresh_code(),
        }
    ),
    "applications:messages": lambda world, visitor, ids: Payload({"text": "Bonjour.", "key": str(uuid.uuid4())}),
    "applications:review_message_post": lambda world, visitor, ids: Payload(
        {"text": "Bonjour.", "key": str(uuid.uuid4()), "is_internal": "on"}
    ),
    "applications:notices_read": _nothing,
    "applications:notice_preference": lambda world, visitor, ids: Payload({"mail": "daily"}),
    "applications:attachment_redact": lambda world, visitor, ids: Payload({"reason": "Données de patients."}),
    "applications:page": _page,
    "applications:return": lambda world, visitor, ids: _seen(ids, **{"reason-summary": "Trop technique."}),
    "applications:check": lambda world, visitor, ids: _seen(ids, **{"mark-title_clear": "good"}),
    "applications:extend": lambda world, visitor, ids: _seen(ids, reason="Dossier complexe."),
    "applications:silence": lambda world, visitor, ids: _seen(ids),
    "applications:obligation": _obligation,
    "applications:assign": _assigned,
    "applications:accept": lambda world, visitor, ids: _seen(ids),
    "applications:redirect": lambda world, visitor, ids: _seen(
        ids, path="full_authorisation", reason="Autre parcours."
    ),
    "applications:opinion": lambda world, visitor, ids: _seen(
        ids, outcome="reserved", reference="2026-01", decided_on="2026-01-15", comment="À préciser."
    ),
    "applications:cnil": lambda world, visitor, ids: _seen(
        ids, outcome="authorised", reference="DR-2026-001", decided_on="2026-01-15", comment="", conditions=""
    ),
    "applications:discontinue": lambda world, visitor, ids: _seen(ids, reason="Sans réponse."),
    "applications:refer": lambda world, visitor, ids: _seen(ids),
    "applications:revise": lambda world, visitor, ids: _seen(ids),
    "applications:commit": lambda world, visitor, ids: _seen(ids, reference="2100001", decided_on="2026-01-15"),
    "applications:approve": lambda world, visitor, ids: _seen(ids, otp_code=fresh_code(), comment=""),
    "applications:refuse": lambda world, visitor, ids: _seen(ids, otp_code=fresh_code(), reason="Finalité."),
    "workspaces:open": _confirmed_opening,
    "extracts:cancel": lambda *_: Payload({"reason": "Essai de la matrice."}),
    "extracts:release": lambda *_: Payload({"decision": "release", "reason": "Risque lu.", "otp_code": fresh_code()}),
    "extracts:restart": _nothing,
    **{f"workspaces:{name}": _nothing for name in ("start", "stop", "retry_step")},
    **{
        f"workspaces:{name}": lambda world, visitor, ids: _seen_workspace(ids)
        for name in ["suspend", "resume", "destroy", "cancel", "reconcile", "rotate_keys", "skip_step", "hand_over"]
    },
    "workspaces:resize": _resized,
    "workspaces:set_budget": lambda world, visitor, ids: Payload({**_seen_workspace(ids).data, "budget": "120"}),
    "workspaces:fake_fault": _silent,
}
