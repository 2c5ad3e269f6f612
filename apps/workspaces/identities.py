"""By what gateway and servers know each other: a certificate that each signs itself, and that the other was told.

The gateway's is a file of its zone, with `<file>.pub` beside it for the zone `provision`: the certificates that the
servers believe. While it is being renewed these are two.
"""

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LIFE = timedelta(days=730)
_PEM = serialization.Encoding.PEM


class NoIdentityError(Exception):
    """A file of keys or certificates is not what it should be. The message says which, and what to do."""


@dataclass(frozen=True)
class Identity:
    """A key and its certificate, each in PEM, and the SHA-256 (hexadecimal) by which the certificate is known."""

    key: bytes
    certificate: str
    sha256: str

    def as_server(self, clients: str) -> ssl.SSLContext:
        """TLS as this identity, for the clients whose certificates (PEM) are these and for nobody else."""
        made = self._loaded(ssl.PROTOCOL_TLS_SERVER)
        made.verify_mode = ssl.CERT_REQUIRED
        if clients:
            made.load_verify_locations(cadata=clients)
        return made

    def as_client(self) -> ssl.SSLContext:
        """TLS as this identity, towards a server that the caller knows by its certificate's SHA-256: checking that is
        the caller's, since a certificate that signs itself has no authority to be checked with."""
        made = self._loaded(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        return made

    def _loaded(self, side: int) -> ssl.SSLContext:
        made = ssl.SSLContext(side)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone; OpenSSL reads files only
            file.write(self.key + self.certificate.encode())
            file.flush()
            made.load_cert_chain(file.name)
        return made


def new_identity(name: str) -> Identity:
    """A key and a certificate that it signs itself, and that can sign no other.

    Each has a name of its own: of two believed certificates of one name, OpenSSL looks at the first alone.
    """
    key, now, number = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC), x509.random_serial_number()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} {number:x}"[:64])])
    since, until = now - timedelta(hours=1), now + LIFE
    made = x509.CertificateBuilder(subject, subject, key.public_key(), number, since, until)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    certificate = made.sign(key, hashes.SHA256())
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(private, certificate.public_bytes(_PEM).decode(), _sha256(certificate))


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


# ---- files ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Believed:
    """The certificates of the gateway that servers believe, in PEM, with their SHA-256 and until when one of them
    holds."""

    pem: str
    sha256: frozenset[str]
    until: datetime


def believed_in(file: Path | None) -> Believed:
    """What a file of certificates says. Raises NoIdentityError for one that is not named, is missing, holds none that
    is in force, or holds a key: that must stay in the gateway's zone."""
    if file is None:
        raise NoIdentityError(
            "This process was given no certificate of the gateway: HDH_SCALEWAY_GATEWAY_CERTIFICATES."
        )
    try:
        content = file.read_bytes()
        found = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError):
        raise NoIdentityError(f"{file} holds no certificate of the gateway: manage.py gateway_identity.") from None
    if b"PRIVATE KEY" in content:
        raise NoIdentityError(f"{file} holds a key: give this process the gateway's {public_file(file).name} instead.")
    until = max(one.not_valid_after_utc for one in found)
    if until <= datetime.now(UTC):
        raise NoIdentityError(
            f"The gateway's certificate ended on {until:%d/%m/%Y}: manage.py gateway_identity --renew."
        )
    return Believed(content.decode(), frozenset(map(_sha256, found)), until)


def identity_in(file: Path) -> Identity:
    """The key and the certificate of a file. Raises NoIdentityError."""
    try:
        content = file.read_bytes()
        key = serialization.load_pem_private_key(content, password=None)
        certificate = x509.load_pem_x509_certificate(content)
    except (OSError, ValueError):
        raise NoIdentityError(f"{file} holds no identity of the gateway: manage.py gateway_identity.") from None
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(private, certificate.public_bytes(_PEM).decode(), _sha256(certificate))


def public_file(file: Path) -> Path:
    """Where the certificates of an identity's file are."""
    return file.with_name(f"{file.name}.pub")


def _next_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.next")


def identity_init(file: Path) -> bool:
    """Make the identity where there is none; gives whether it is new."""
    is_new = not file.exists()
    if is_new:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(file, new_identity("gateway"))
    if is_new or not public_file(file).exists():
        public_file(file).write_text(identity_in(file).certificate)
    return is_new


def identity_renew(file: Path) -> None:
    """Make the next identity, and have both believed; one that was made already is kept."""
    following = _next_file(file)
    if not following.exists():
        _write(following, new_identity("gateway"))
    public_file(file).write_text(identity_in(file).certificate + identity_in(following).certificate)


def identity_finish(file: Path) -> None:
    """The next identity takes the place of the former, which is believed no more. Raises NoIdentityError where no
    renewal was begun."""
    following = _next_file(file)
    certificate = identity_in(following).certificate
    following.rename(file)
    public_file(file).write_text(certificate)


def _write(file: Path, identity: Identity) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(identity.key + identity.certificate.encode())
        written.flush()
        os.fsync(written.fileno())
