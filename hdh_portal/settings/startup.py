"""What production must be given, zone by zone: checked before anything starts, told in sentences, all at once."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  the value that production refuses
SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 10
KEY_SERVICES = (KEYRING_FILE, KEY_MANAGER) = ("keyring", "scaleway")
# What the zone `extract` does without when Key Manager keeps the keys (HDH_KEY_SERVICE=scaleway).
KEYRING = frozenset({"HDH_KEYRING_FILE", "HDH_KEYRING_UNLOCK_FILE"})
# What it needs where deliveries stand in an object store (HDH_DELIVERY_DIR=s3://…): extracts are made in a folder.
WORK_FOLDER = frozenset({"HDH_EXTRACT_WORK_DIR"})
# What each zone needs beyond the common variables. Whatever another zone needs and this one does not, it must not have.
ZONES: Mapping[str, frozenset[str]] = {
    "web": frozenset(
        {
            "CELERY_BROKER_URL",
            "HDH_FIELD_KEY",
            "HDH_MEDIA_DIR",
            "HDH_DOCUMENT_KEY",
            "HDH_PLATFORM_SIREN",
            "HDH_AUDIT_PUBLIC_KEY_FILE",
            "HDH_CHECKPOINTS_DIR",
        }
    ),
    # It has documents scanned for viruses, hence their key.
    "default": frozenset(
        {
            "CELERY_BROKER_URL",
            "HDH_AUDIT_KEY_FILE",
            "HDH_CHECKPOINTS_DIR",
            "HDH_MEDIA_DIR",
            "HDH_DOCUMENT_KEY",
            "HDH_CLAMD",
            "HDH_EMAIL_URL",
            "HDH_EMAIL_FROM",
        }
    ),
    "extract": frozenset({"CELERY_BROKER_URL", "HDH_SOURCE_DIR", "HDH_DELIVERY_DIR"}) | KEYRING | WORK_FOLDER,
    "provision": frozenset(
        {"CELERY_BROKER_URL", "HDH_DELIVERY_DIR", "HDH_WORKSPACES_DIR", "HDH_WORKSPACE_IMAGE", "HDH_SOCKETS_DIR"}
    ),
    "beat": frozenset({"CELERY_BROKER_URL"}),
    "gateway": frozenset({"HDH_SOCKETS_DIR", "HDH_GATEWAY_IDENTITY_FILE"}),
}
COMMON = ("DATABASE_URL", "HDH_SECRET_KEY", "HDH_PORTAL_URL", "HDH_GATEWAY_ORIGIN", "HDH_ALLOWED_HOSTS")
SECRETS = ("HDH_SECRET_KEY", "HDH_FIELD_KEY", "HDH_DOCUMENT_KEY")
ENCRYPTED_BROKERS = ("rediss://", "amqps://", "redis+socket://")
SIREN_DIGITS = 9
DEMONSTRATION_SIREN = "000000034"  # of the organisation that signs for the platform where none is told
DEMONSTRATION = ("HDH_DEMO", "HDH_DEMO_PASSWORD", "HDH_UNSCANNED_DOCUMENTS")


def production_problems(given: Mapping[str, str]) -> tuple[str, ...]:
    """Every reason why production must not start with these environment variables; none when it may."""
    return (
        *_zone(given),
        *_missing(given),
        *_secrets(given),
        *_addresses(given),
        *_links(given),
        *_hosts(given),
        *_mail(given),
        *_demonstration(given),
        *_platform(given),
        *_key_service(given),
    )


def _zone(given: Mapping[str, str]) -> Iterator[str]:
    zone = given.get("HDH_ZONE", "")
    if zone not in ZONES:
        yield f"HDH_ZONE must be one of {', '.join(ZONES)}."
        return
    others = frozenset().union(*ZONES.values()) - ZONES[zone]
    for name in sorted(others):
        if given.get(name):
            yield f"{name} is set, and a process of the zone {zone} must not have it."


def _missing(given: Mapping[str, str]) -> Iterator[str]:
    own = ZONES.get(given.get("HDH_ZONE", ""), frozenset())
    if given.get("HDH_KEY_SERVICE") == KEY_MANAGER:
        own -= KEYRING
    if not given.get("HDH_DELIVERY_DIR", "").startswith("s3://"):
        own -= WORK_FOLDER
    for name in (*COMMON, *sorted(own)):
        if not given.get(name):
            yield f"{name} is missing."


def _secrets(given: Mapping[str, str]) -> Iterator[str]:
    for name in SECRETS:
        value = given.get(name, "")
        if value == DEVELOPMENT_SECRET:
            yield f"{name} has the value of development."
        elif value and (len(value) < SHORTEST_SECRET or len(set(value)) < FEWEST_CHARACTERS):
            yield f"{name} is too weak: at least {SHORTEST_SECRET} random characters."
    values = [given[name] for name in SECRETS if given.get(name)]
    if len(set(values)) < len(values):
        yield f"{', '.join(SECRETS)} must differ."


def _addresses(given: Mapping[str, str]) -> Iterator[str]:
    portal, gateway = given.get("HDH_PORTAL_URL", ""), given.get("HDH_GATEWAY_ORIGIN", "")
    for name, address in (("HDH_PORTAL_URL", portal), ("HDH_GATEWAY_ORIGIN", gateway)):
        if address and not address.startswith("https://"):
            yield f"{name} must begin with https://."
    if gateway and "{id}" not in (urlsplit(gateway).hostname or "").partition(".")[0]:
        yield "HDH_GATEWAY_ORIGIN must hold {id} in its first label, so that each workspace has an origin of its own."


def _links(given: Mapping[str, str]) -> Iterator[str]:
    database = urlsplit(given.get("DATABASE_URL", ""))
    options = dict(parse_qsl(database.query))
    local = options.get("host", "").startswith("/")
    if database.scheme and not local and options.get("sslmode") != "verify-full":
        yield "DATABASE_URL must end with sslmode=verify-full (or reach PostgreSQL by a socket: host=/folder)."
    broker = given.get("CELERY_BROKER_URL", "")
    if broker and not broker.startswith(ENCRYPTED_BROKERS):
        yield f"CELERY_BROKER_URL must begin with one of {', '.join(ENCRYPTED_BROKERS)}."


def _hosts(given: Mapping[str, str]) -> Iterator[str]:
    hosts = [host.strip() for host in given.get("HDH_ALLOWED_HOSTS", "").split(",") if host.strip()]
    if any("*" in host or host.startswith(".") for host in hosts):
        yield "HDH_ALLOWED_HOSTS must name hosts, without * and without a leading dot."
    own = urlsplit(given.get("HDH_PORTAL_URL", "")).hostname
    if hosts and own and own not in hosts:
        yield f"HDH_ALLOWED_HOSTS must hold {own}, the host of HDH_PORTAL_URL."


def _mail(given: Mapping[str, str]) -> Iterator[str]:
    url = given.get("HDH_EMAIL_URL", "")
    if url and urlsplit(url).scheme not in {"smtp", "smtps"}:
        yield "HDH_EMAIL_URL must begin with smtp:// or smtps://: other ways of sending are for development."


def _demonstration(given: Mapping[str, str]) -> Iterator[str]:
    for name in DEMONSTRATION:
        if given.get(name):
            yield f"{name} belongs to the demonstration."


def _key_service(given: Mapping[str, str]) -> Iterator[str]:
    if given.get("HDH_KEY_SERVICE", KEYRING_FILE) not in KEY_SERVICES:
        yield f"HDH_KEY_SERVICE must be one of {', '.join(KEY_SERVICES)}."


def _platform(given: Mapping[str, str]) -> Iterator[str]:
    siren = given.get("HDH_PLATFORM_SIREN", "")
    if siren == DEMONSTRATION_SIREN:
        yield "HDH_PLATFORM_SIREN has the value of the demonstration."
    elif siren and not (len(siren) == SIREN_DIGITS and siren.isdigit()):
        yield f"HDH_PLATFORM_SIREN must have {SIREN_DIGITS} digits."
