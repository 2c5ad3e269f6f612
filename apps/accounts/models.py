"""People, organisations, roles, second factors and sessions."""

import uuid
from datetime import date
from typing import Any, ClassVar, cast

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from guardian.utils import get_user_obj_perms_model

from apps.accounts.sealing import unseal
from apps.accounts.totp import counter_matching
from apps.core.rules import Role


def email_normalised(email: str) -> str:
    """The one spelling under which an e-mail address is stored and looked up."""
    return email.strip().lower()


class PersonManager(BaseUserManager["Person"]):
    """Makes and finds people whatever the capitals of their e-mail address."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=email_normalised(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """A person with this password; without one, nobody can sign in as them."""
        person = self.model(email=email_normalised(email), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """A person with the technical superuser flag, which opens no dossier and gives no role."""
        return self.create_user(email, password, is_superuser=True, **fields)


class Language(models.TextChoices):
    FRENCH = "fr", _("French")
    ENGLISH = "en", _("English")


class Person(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django-otp is untyped
    """Somebody who signs in, known by their e-mail address: in lower case, so that capitals make no second account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.FRENCH)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["given_name", "family_name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="person_email_lower_case"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="person_language_known"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Given name, then family name."""
        return f"{self.given_name} {self.family_name}"

    def get_full_name(self) -> str:
        return self.full_name

    def is_verified(self) -> bool:
        """Whether the second factor was given in this session: django-otp answers on requests; elsewhere it was not."""
        return False

    @cached_property
    def staff_roles(self) -> frozenset[Role]:
        """The staff roles held today; one query, kept on this instance."""
        roles = StaffRole.objects.current(timezone.localdate()).filter(person=self)
        return frozenset(Role(role) for role in roles.values_list("role", flat=True))

    @cached_property
    def has_passkey(self) -> bool:
        """Whether the person has a passkey; one query, kept on this instance."""
        passkeys: Any = apps.get_model("django_otp_webauthn", "WebAuthnCredential")  # whose module needs this one first
        return bool(passkeys.objects.filter(user=self, confirmed=True).exists())

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """A grant on an object, from its own permission table. The superuser flag opens no object."""
        if obj is None:
            return super().has_perm(perm)
        grants = get_user_obj_perms_model(obj)._default_manager
        codename = perm.rpartition(".")[2]
        return self.is_active and grants.filter(user=self, permission__codename=codename, content_object=obj).exists()


class OrganisationKind(models.TextChoices):
    PUBLIC = "public", _("public")
    PRIVATE = "private", _("private")


class OrganisationRole(models.TextChoices):
    """What an organisation may be for a project."""

    DATA_CONTROLLER = "data_controller", _("data controller (RT)")
    IMPLEMENTING_BODY = "implementing_body", _("implementing body (RMO)")
    LABORATORY = "laboratory", _("laboratory or research office")


class Organisation(models.Model):
    """A body for which people act. Its SIREN is unique; the Luhn key is checked by rules.siren_is_valid.

    `roles` are those it may take in projects; `version` counts corrections (compare-and-swap).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=OrganisationKind)
    siren = models.CharField(max_length=9, unique=True)
    roles = ArrayField(models.CharField(max_length=20, choices=OrganisationRole), default=list, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(roles__contained_by=OrganisationRole.values), name="organisation_roles_known"
            ),
            models.CheckConstraint(condition=Q(siren__regex=r"^[0-9]{9}$"), name="organisation_siren_shape"),
            models.CheckConstraint(condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_known"),
            models.CheckConstraint(condition=~Q(name=""), name="organisation_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def role_labels(self) -> list[str]:
        """Its roles in words, in the order of the table."""
        return [str(OrganisationRole(role).label) for role in OrganisationRole.values if role in self.roles]


class DatedQuerySet(models.QuerySet[Any]):
    """Rows that hold from a day to a day, both included."""

    def current(self, today: date) -> "DatedQuerySet":
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=today), starts_on__lte=today)


class MandateRole(models.TextChoices):
    """As what a person acts for their organisation. A signatory commits it; an administrator looks after its people."""

    MEMBER = "member", _("member")
    SIGNATORY = "signatory", _("mandated signatory")
    ADMINISTRATOR = "administrator", _("administrator")


class Mandate(models.Model):
    """The right of a person to act for an organisation, between two days; with `may_sign`, to sign for it too.

    `given_by` None: by the installation. A trigger refuses any change but an earlier end: another role or a later end
    is another mandate.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mandates")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mandates")
    role = models.CharField(max_length=14, choices=MandateRole, default=MandateRole.MEMBER)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    may_sign = models.BooleanField(default=False, db_default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="mandate_dates_in_order"
            ),
            models.CheckConstraint(condition=Q(role__in=MandateRole.values), name="mandate_role_known"),
            models.CheckConstraint(
                condition=~Q(role="signatory") | Q(may_sign=True), name="mandate_signatory_may_sign"
            ),
            models.CheckConstraint(condition=Q(given_by=None) | ~Q(given_by=F("person")), name="mandate_never_own"),
            models.UniqueConstraint(fields=["person", "organisation", "starts_on"], name="mandate_once"),
        ]


class StaffRoleName(models.TextChoices):
    STEWARD = Role.STEWARD.value, _("data steward")
    OPERATOR = Role.OPERATOR.value, _("platform operator")
    AUDITOR = Role.AUDITOR.value, _("auditor")
    COMMITTEE_MEMBER = Role.COMMITTEE_MEMBER.value, _("committee member")
    COMMITTEE_SECRETARY = Role.COMMITTEE_SECRETARY.value, _("committee secretary")


class StaffRole(models.Model):
    """A role on the platform's side, between two days. `given_by` is None for those the installation gave.

    Triggers refuse a giver who holds no role, and any change of a role but an earlier end.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="staff_role_rows")
    role = models.CharField(max_length=20, choices=StaffRoleName)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="staff_role_dates_in_order"
            ),
            models.CheckConstraint(condition=Q(role__in=StaffRoleName.values), name="staff_role_known"),
            models.CheckConstraint(condition=Q(given_by=None) | ~Q(given_by=F("person")), name="staff_role_never_own"),
            models.UniqueConstraint(fields=["person", "role", "starts_on"], name="staff_role_once"),
        ]


class TotpDevice(Device):
    """An authenticator application, by its seed (encrypted, bound to the person) and the last time step accepted."""

    seed = models.BinaryField()
    last_counter = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="totp_one_a_person")]

    def seed_open(self) -> bytes:
        """The seed in clear. Raises cryptography's InvalidTag when the row was altered or the key is another."""
        return unseal(bytes(self.seed), context=str(self.user_id))

    def verify_token(self, token: str) -> bool:
        """Accept a code of the present time step (or a neighbour) at most once, whoever else posts it meanwhile.

        The accepted step is stored by compare-and-swap: of simultaneous posts of one code a single one moves the row.
        """
        counter = counter_matching(self.seed_open(), token)
        if counter is None:
            return False
        return bool(TotpDevice.objects.filter(pk=self.pk, last_counter__lt=counter).update(last_counter=counter))


class RecoveryCode(models.Model):
    """A code that replaces the authenticator application once; only its keyed digest is kept."""

    device = models.ForeignKey(TotpDevice, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "digest"], name="recovery_code_once")]


class StepUp(models.Model):
    """A fresh confirmation by the second factor, for one action on one object with one content, to be used once."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="step_ups")
    action = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "action", "object_id"], name="step_up_lookup")]


class PasskeyChallenge(models.Model):
    """A challenge given to a person's browser for one WebAuthn ceremony, by its keyed digest; deleted when answered."""

    digest = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=40)
    made_at = models.DateTimeField(db_index=True)


class Throttle(models.Model):
    """Failed attempts in a row for one account, address or second factor, and until when further ones are refused."""

    key = models.CharField(primary_key=True, max_length=90)
    failures = models.PositiveIntegerField(default=0)
    last_attempt_at = models.DateTimeField(db_index=True)
    blocked_until = models.DateTimeField(null=True, blank=True)


class PortalSession(AbstractBaseSession):
    """A session on the server that knows whose it is, so that a person can see and end their own."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sessions")

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from apps.accounts.sessions import SessionStore

        return cast(type[SessionBase], SessionStore)
