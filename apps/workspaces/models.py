"""Workspaces as rows of desired state, what workers did about them, and who is inside."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.workspaces import rules


class Workspace(models.Model):
    """The isolated place of one project: what it should be (`desired`) and where it stands (`status`)."""

    class Status(models.TextChoices):
        REQUESTED = rules.Status.REQUESTED, _("requested")
        PROVISIONING = rules.Status.PROVISIONING, _("being prepared")
        WAITING_CAPACITY = rules.Status.WAITING_CAPACITY, _("waiting for capacity")
        STARTING = rules.Status.STARTING, _("starting")
        RUNNING = rules.Status.RUNNING, _("ready")
        STOPPING = rules.Status.STOPPING, _("stopping")
        STOPPED = rules.Status.STOPPED, _("stopped")
        SUSPENDED = rules.Status.SUSPENDED, _("suspended")
        EXPIRING = rules.Status.EXPIRING, _("expired, to be destroyed")
        FAILED = rules.Status.FAILED, _("needs a person")
        DESTROYING = rules.Status.DESTROYING, _("being destroyed")
        DESTROYED = rules.Status.DESTROYED, _("destroyed")

    class Desired(models.TextChoices):
        RUNNING = rules.Desired.RUNNING, _("running")
        STOPPED = rules.Desired.STOPPED, _("stopped")
        SUSPENDED = rules.Desired.SUSPENDED, _("suspended")
        EXPIRED = rules.Desired.EXPIRED, _("expired")
        DESTROYED = rules.Desired.DESTROYED, _("destroyed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.OneToOneField("projects.Project", on_delete=models.PROTECT, related_name="workspace")
    provider = models.CharField(max_length=20, default="local")
    desired = models.CharField(max_length=12, choices=Desired, default=Desired.RUNNING)
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    reason = models.TextField(blank=True)
    size = models.CharField(max_length=40, blank=True)
    budget = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    budget_warned = models.PositiveSmallIntegerField(null=True)
    surveyed_at = models.DateTimeField(null=True)
    # Why the latest comparison with the cloud could not be made.
    survey_problem = models.CharField(max_length=200, blank=True, db_default="")
    days_warned = models.PositiveSmallIntegerField(null=True)
    # When the team was told that it is about to stop by itself, and when it did: both end when it runs again.
    idle_warned_at = models.DateTimeField(null=True)
    idle_stopped_at = models.DateTimeField(null=True)
    route_open = models.BooleanField(default=False)
    extract_id = models.UUIDField(null=True)
    # SHA-256 of the manifest of that very delivery; empty for one attached before this was kept.
    extract_manifest = models.CharField(max_length=64, blank=True, db_default="")
    generation = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="workspace_route_open_only_when_running", condition=Q(route_open=False) | Q(status="running")
            ),
            models.CheckConstraint(
                name="running_workspace_has_an_extract", condition=~Q(status="running") | Q(extract_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"workspace {self.pk}"


class Operation(models.Model):
    """One change of a workspace under way, in steps. At most one at a time; a newer one replaces it."""

    class Status(models.TextChoices):
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        FAILED = "failed", _("needs a person")
        REPLACED = "replaced", _("replaced by a newer one")

    class Kind(models.TextChoices):
        PROVISION = rules.Kind.PROVISION, _("preparation")
        START = rules.Kind.START, _("start")
        STOP = rules.Kind.STOP, _("stop")
        SUSPEND = rules.Kind.SUSPEND, _("suspension")
        RESUME = rules.Kind.RESUME, _("resumption")
        RESIZE = rules.Kind.RESIZE, _("change of size")
        ROTATE_KEYS = rules.Kind.ROTATE_KEYS, _("renewal of keys")
        EXPIRE = rules.Kind.EXPIRE, _("expiry")
        RECONCILE = rules.Kind.RECONCILE, _("check and repair")
        RENEW_DATA = rules.Kind.RENEW_DATA, _("extract of an amendment")
        DESTROY = rules.Kind.DESTROY, _("destruction")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=12, choices=Kind)
    generation = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    requested_by = models.CharField(max_length=64)
    handed_to = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "generation"], name="one_operation_per_generation"),
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(status="running"), name="one_operation_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class Step(models.Model):
    """One step of an operation: made once, however often it is tried."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("not yet")
        ACTIVE = "active", _("under way")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped by an operator")
        FAILED = "failed", _("needs a person")

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    waiting_for = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=200, blank=True)
    request_hash = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "position"], name="one_step_per_position"),
            models.UniqueConstraint(fields=["operation", "name"], name="each_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.operation_id}"


class CloudResource(models.Model):
    """Something a provider holds for a workspace: the ledger from which it is found again and removed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=40)
    logical_name = models.CharField(max_length=120, unique=True)
    external_id = models.CharField(max_length=200)
    observed = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    kept_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.logical_name


class Intent(models.Model):
    """Said before a resource is created: should the answer be lost, whoever comes next looks before creating again."""

    logical_name = models.CharField(max_length=120, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="intents")
    said_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.logical_name


class CloudRequest(models.Model):
    """A request to the cloud with its answer, scrubbed, for operators. The same question asked again in a step is one
    row with its latest answer."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="requests")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="requests")
    fingerprint = models.CharField(max_length=64)
    product = models.CharField(max_length=40)
    method = models.CharField(max_length=40)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=80, blank=True)
    answer = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(default=0)
    changes = models.BooleanField(default=False)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["step", "fingerprint"], name="one_row_per_question_and_answer"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Finding(models.Model):
    """A difference between the cloud and the ledger, open until a survey no longer sees it."""

    class What(models.TextChoices):
        MISSING = "missing", _("missing")
        CHANGED = "changed", _("changed")
        ORPHAN = "orphan", _("belongs to nothing")
        STRAY = "stray", _("where nothing may be")

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, null=True, related_name="findings")
    what = models.CharField(max_length=8, choices=What)
    kind = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    place = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=300)
    opens = models.BooleanField(default=False)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opens", "-last_seen"]
        constraints = [
            models.UniqueConstraint(
                fields=["what", "kind", "external_id", "detail"],
                condition=Q(resolved_at=None),
                name="one_open_finding_per_difference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.external_id}"


class CloudLook(models.Model):
    """When a kind of thing was last looked for in a place of the cloud, and with what success."""

    kind = models.CharField(max_length=40)
    place = models.CharField(max_length=20, blank=True)
    looked_at = models.DateTimeField()
    found = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["kind", "place"]
        constraints = [models.UniqueConstraint(fields=["kind", "place"], name="one_look_per_kind_and_place")]

    def __str__(self) -> str:
        return f"{self.kind} in {self.place or 'the account'}"


class Offer(models.Model):
    """A size of workspace as the provider's catalogue has it. Prices in euros without tax."""

    provider = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    processors = models.PositiveIntegerField()
    memory = models.PositiveBigIntegerField()
    gpu = models.CharField(max_length=40, blank=True)
    gpus = models.PositiveSmallIntegerField(default=0)
    hourly = models.DecimalField(max_digits=10, decimal_places=4)
    available = models.CharField(max_length=20)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["hourly", "code"]
        constraints = [models.UniqueConstraint(fields=["provider", "code"], name="one_offer_per_code")]

    def __str__(self) -> str:
        return self.code


class CostLine(models.Model):
    """What a workspace cost in one hour that it ran, and what it would have cost in one in which it rested because
    nobody needed it: written once, at the price of that hour, in euros without tax."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="costs")
    hour = models.DateTimeField()
    size = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=10, decimal_places=4)
    saved = models.DecimalField(max_digits=10, decimal_places=4, default=0, db_default=0)

    class Meta:
        ordering = ["hour"]
        constraints = [models.UniqueConstraint(fields=["workspace", "hour"], name="one_cost_line_per_hour")]

    def __str__(self) -> str:
        return f"{self.size} {self.hour:%Y-%m-%d %H}"


class DestructionCertificate(models.Model):
    """What every question after a destruction was answered, signed with the key of the audit log."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, related_name="certificate")
    content = models.JSONField()
    signature = models.TextField(blank=True)
    key_fingerprint = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    signed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"certificate of {self.workspace_id}"


class Ticket(models.Model):
    """The right to enter a workspace once, within seconds. Only the hash of its secret is kept."""

    secret_hash = models.CharField(max_length=64, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="tickets")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"ticket {self.pk}"


class GatewaySession(models.Model):
    """A person inside a workspace. Ending it (`ended_at`) cuts their open connections."""

    class End(models.TextChoices):
        SUSPENDED = "suspended", _("workspace suspended")
        REVOKED = "revoked", _("access ended")
        STOPPED = "stopped", _("workspace stopped")
        EXPIRED = "expired", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="sessions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End, blank=True)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)
    kernels_started = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["workspace"], condition=Q(ended_at=None), name="open_session_of_workspace"),
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="open_session_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"
