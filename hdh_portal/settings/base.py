"""Settings common to every environment. What differs between processes comes from the environment (zones)."""

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from hdh_portal.settings import logs
from hdh_portal.settings.identity import identity_provider
from hdh_portal.settings.mail import TIMEOUT, mail_settings
from hdh_portal.settings.startup import DEMONSTRATION_SIREN

LOGGING = logs.LOGGING
BASE_DIR = Path(__file__).resolve().parent.parent.parent


def folder(name: str) -> Path | None:
    """The folder named by an environment variable, or None where this process has no business with it."""
    value = os.environ.get(name)
    return Path(value) if value else None


def place(name: str) -> Path | str | None:
    """A folder, or the address of a prefix in an object store: s3://…, whose endpoint and key are those of AWS_…."""
    value = os.environ.get(name, "")
    return value if value.startswith("s3://") else folder(name)


def database(url: str) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`.

    Raises ValueError for any other scheme: the portal has one database, PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


ZONE = os.environ.get("HDH_ZONE", "web")
PORTAL_URL = os.environ.get("HDH_PORTAL_URL", "http://localhost:8000")
GATEWAY_ORIGIN = os.environ.get("HDH_GATEWAY_ORIGIN", "http://ws-{id}.localhost:8001")
MEDIA_DIR = folder("HDH_MEDIA_DIR")
SOURCE_DIR = place("HDH_SOURCE_DIR")
KEYRING_FILE = folder("HDH_KEYRING_FILE")
KEYRING_UNLOCK_FILE = folder("HDH_KEYRING_UNLOCK_FILE")
# What keeps the keys of the pseudonyms, by its name: the encrypted file of the two lines above, or Key Manager.
KEY_SERVICE = {"keyring": "apps.extracts.keyring.configured", "scaleway": "apps.fulfilment.cloud_keys.configured"}[
    os.environ.get("HDH_KEY_SERVICE", "keyring")
]
DELIVERY_DIR = place("HDH_DELIVERY_DIR")
# Where extracts that go to an object store are made; all extract workers share it, and nobody else reads it.
EXTRACT_WORK_DIR = folder("HDH_EXTRACT_WORK_DIR")
WORKSPACES_DIR = folder("HDH_WORKSPACES_DIR")
WORKSPACE_IMAGE = folder("HDH_WORKSPACE_IMAGE")
SOCKETS_DIR = folder("HDH_SOCKETS_DIR")
# By what the servers of workspaces in the cloud know the gateway; the key is in its zone alone.
GATEWAY_IDENTITY_FILE = folder("HDH_GATEWAY_IDENTITY_FILE")
# Where new workspaces live: "local" or "scaleway". The account is in the zone `provision` alone: docs/scaleway.md.
WORKSPACE_PROVIDER = os.environ.get("HDH_WORKSPACE_PROVIDER", "local")
_cloud = "HDH_SCALEWAY_"
SCALEWAY = {name.removeprefix(_cloud).lower(): value for name, value in os.environ.items() if name.startswith(_cloud)}
# The controls of the imitated cloud, for the page that switches its faults: development and demonstration only.
FAKE_CLOUD_URL = os.environ.get("HDH_FAKE_CLOUD_URL", "")
# No session for this long and nothing computing: the workspace stops by itself, and its members may start it again.
WORKSPACE_IDLE_STOP = timedelta(hours=int(os.environ.get("HDH_WORKSPACE_IDLE_HOURS", "24")))
# So long before, the team is told.
WORKSPACE_IDLE_WARNING = timedelta(hours=int(os.environ.get("HDH_WORKSPACE_IDLE_WARNING_HOURS", "2")))
# The sealer's key is in the zone `default` alone; whoever verifies has the public key and the published checkpoints.
AUDIT_KEY_FILE = folder("HDH_AUDIT_KEY_FILE")
AUDIT_PUBLIC_KEY_FILE = folder("HDH_AUDIT_PUBLIC_KEY_FILE")
CHECKPOINTS_DIR = folder("HDH_CHECKPOINTS_DIR")
DEMO_MODE = os.environ.get("HDH_DEMO") == "1"
STATE_BRANDING = os.environ.get("HDH_STATE_BRANDING", "1") == "1"
RELEASE_POLICY = folder("HDH_RELEASE_POLICY") or BASE_DIR / "apps" / "extracts" / "policy" / "release.json"
"""What an extract may expose and reach its workspace without a data steward deciding; a file of an operator's own."""
RETENTION_POLICY = folder("HDH_RETENTION_POLICY") or BASE_DIR / "apps" / "extracts" / "policy" / "retention.json"
"""How long delivered data are kept after the end of the rights to them; a file of an operator's own."""
EXTRACT_MEMORY_LIMIT = os.environ.get("HDH_EXTRACT_MEMORY_LIMIT", "1GB")
# What computes extracts: "duckdb" in the worker itself, or "spark" on the cluster of HDH_SPARK_MASTER.
EXTRACT_ENGINE = os.environ.get("HDH_EXTRACT_ENGINE", "duckdb")
SPARK_MASTER = os.environ.get("HDH_SPARK_MASTER", "local[*]")
EXTRACT_THREADS = int(os.environ.get("HDH_EXTRACT_THREADS", "2"))
# How many units of one extract are worked on at once, each by a worker with the memory and threads above.
EXTRACT_LANES = int(os.environ.get("HDH_EXTRACT_LANES", "2"))

# The organisation that signs agreements for the platform; unless told, that of the demonstration.
PLATFORM_SIREN = os.environ.get("HDH_PLATFORM_SIREN", DEMONSTRATION_SIREN)

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  prod.py refuses this very value
SECRET_KEY = os.environ.get("HDH_SECRET_KEY", DEVELOPMENT_SECRET)
FIELD_KEY = os.environ.get("HDH_FIELD_KEY", DEVELOPMENT_SECRET)
DOCUMENT_KEY = os.environ.get("HDH_DOCUMENT_KEY", DEVELOPMENT_SECRET)
# The virus scanner, "/path/of/socket" or "host:port". Without it documents wait, unless this is a development machine
# that says so: HDH_UNSCANNED_DOCUMENTS=1, which production refuses.
CLAMD = os.environ.get("HDH_CLAMD", "")
UNSCANNED_DOCUMENTS = os.environ.get("HDH_UNSCANNED_DOCUMENTS") == "1"
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HDH_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

# Passkeys are bound to the portal's own host and origin. A session not opened by one is without the PASSKEY_ROLES.
OTP_WEBAUTHN_RP_NAME = "Health Data Hub"
OTP_WEBAUTHN_RP_ID = urlsplit(PORTAL_URL).hostname or "localhost"
OTP_WEBAUTHN_ALLOWED_ORIGINS = [PORTAL_URL.rstrip("/")]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
OTP_WEBAUTHN_HELPER_CLASS = "apps.accounts.passkeys.PasskeyHelper"
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = ""
PASSKEY_ROLES = frozenset(role for role in os.environ.get("HDH_PASSKEY_ROLES", "").split(",") if role)
# A file of SHA-1 digests of breached passwords in order, one a line, as public lists come: looked into, never sent to.
BREACHED_PASSWORDS_FILE = folder("HDH_BREACHED_PASSWORDS_FILE")
# Downloads that ask for the second factor each time, beyond those of the permission table: names of its actions.
STEP_UP_DOWNLOADS = frozenset(name for name in os.environ.get("HDH_STEP_UP_DOWNLOADS", "").split(",") if name)
# Between the second steward's approval of a recovery and the link: the time for its person to stop it.
RECOVERY_DELAY = timedelta(hours=float(os.environ.get("HDH_RECOVERY_DELAY_HOURS") or 24))
# How long an answer takes that must not tell whether an account exists.
ALIKE_SECONDS = 0.4
IDENTITY_PROVIDER = identity_provider(os.environ)
# Networks of the proxies in front of the portal, such as "10.0.0.0/24,fd00::/64": believed about whom they speak for.
TRUSTED_PROXIES = [str(ip_network(one)) for one in os.environ.get("HDH_TRUSTED_PROXIES", "").split(",") if one]

# One worker sends e-mail (the zone `default`); everybody else only writes down that it is to be sent.
_mail = mail_settings(os.environ.get("HDH_EMAIL_URL") or "console:")
EMAIL_BACKEND, EMAIL_FILE_PATH = _mail.backend, _mail.folder
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _mail.tls, _mail.ssl, TIMEOUT
DEFAULT_FROM_EMAIL = os.environ.get("HDH_EMAIL_FROM") or "ne-pas-repondre@localhost"

DATABASES = {"default": database(os.environ.get("DATABASE_URL", "postgresql://hdh@localhost/hdh"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

PORTAL_APPS = [
    "apps.core",
    "apps.audit",
    "apps.accounts",
    "apps.catalogue",
    "apps.applications",
    "apps.committee",
    "apps.agreements",
    "apps.people",
    "apps.projects",
    "apps.reviews",
    "apps.directory",
    "apps.extracts",
    "apps.workspaces",
    "apps.fulfilment",
    "apps.relocation",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_otp",
    "django_otp_webauthn",
    "guardian",
    "django_htmx",
    "csp",
    "widget_tweaks",
    "dsfr",
    *PORTAL_APPS,
]
MIDDLEWARE = [
    "apps.core.middleware.request_context",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.middleware.storable_queries",
    "apps.core.middleware.declared_methods_only",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "apps.accounts.middleware.session_limits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.middleware.kind_errors",
    "apps.core.middleware.deny_by_default",
    "apps.accounts.middleware.acts_need_step_up",
]
ROOT_URLCONF = "hdh_portal.urls"
WSGI_APPLICATION = "hdh_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["apps.core.template_loading.FilesystemLoader", "apps.core.template_loading.AppLoader"],
                )
            ],
            "builtins": ["apps.core.dates"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "apps.core.context.portal",
                "apps.accounts.context.session",
            ],
        },
    }
]

FORM_RENDERER = "apps.core.form_rendering.WidgetRenderer"

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.PersonBackend", "guardian.backends.ObjectPermissionBackend"]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "given_name", "family_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "apps.accounts.validators.RepetitionValidator"},
    {"NAME": "apps.accounts.validators.OwnWordsValidator"},
    {"NAME": "apps.accounts.validators.BreachedPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"

SESSION_ENGINE = "apps.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 3600  # the longest session there is; apps/accounts/middleware.py ends most of them earlier
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
# Messages wait in a signed cookie: a refused call leaves the database as it was, the session's row included.
MESSAGE_STORAGE = "apps.core.messages.MessageCookie"
MESSAGE_COOKIE_NAME = "hdh_messages"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "apps.core.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000

# A form that leads on to the identity provider is a form to it, for browsers.
_provider_address = urlsplit(IDENTITY_PROVIDER.get("authorization_url", ""))
_provider_sources = [f"{_provider_address.scheme}://{_provider_address.netloc}"] if IDENTITY_PROVIDER else []
_gateway_sources = GATEWAY_ORIGIN.replace("ws-{id}", "*")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, _gateway_sources, *_provider_sources],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["hdh_portal.formats"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
TIME_ZONE = "Europe/Paris"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = folder("HDH_STATIC_DIR") or BASE_DIR / "var" / "static"

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {
    "workspaces.reconcile": {"queue": "provision"},
    "workspaces.survey": {"queue": "provision"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 960, "socket_connect_timeout": 2, "socket_timeout": 5}
# A doorbell that cannot ring must not hold the person's request: the sweep comes within seconds.
CELERY_TASK_PUBLISH_RETRY = False
OUTBOX_SWEEP_EVERY = timedelta(seconds=1)
# In local time, a nightly job made up in the hour that comes twice would be due again at once, until that hour is over.
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "hdh_portal.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE = {
    "outbox-sweep": {"task": "outbox.sweep", "schedule": OUTBOX_SWEEP_EVERY},
    # A bell that finds the sealer at work is of no use later: it expires. The worker reads the date by its own clock,
    # which may be some seconds ahead.
    "audit-seal": {"task": "audit.seal", "schedule": timedelta(seconds=1), "options": {"expires": 60}},
    "audit-verify-new": {"task": "audit.verify", "schedule": timedelta(minutes=10), "kwargs": {"whole": False}},
    "audit-verify-whole": {"task": "audit.verify", "schedule": crontab(hour=1, minute=30), "kwargs": {"whole": True}},
    "people-forget-expired": {"task": "people.forget_expired", "schedule": timedelta(hours=1)},
    "accounts-forget-expired": {"task": "accounts.forget_expired", "schedule": timedelta(hours=1)},
    "fulfilment-remove-deliveries": {"task": "fulfilment.remove_deliveries", "schedule": timedelta(hours=1)},
    "workspaces-reconcile": {"task": "workspaces.reconcile", "schedule": timedelta(seconds=30)},
    "workspaces-survey": {"task": "workspaces.survey", "schedule": timedelta(minutes=15)},
}
