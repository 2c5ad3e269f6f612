"""Key Manager: what keys are for. AES-GCM and RSA for real, so that a lost key is really lost."""

import base64
import binascii
import secrets
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import find
from apps.workspaces.fake_scaleway.products.key_manager import KEY, PATH
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("key_manager")
NONCE = 12
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


def _private_key(key: Record, bits: int) -> rsa.RSAPrivateKey:
    """The pair behind an asymmetric key, made when it is first used: generation takes long."""
    if "pem" not in key.hidden:
        pair = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key.hidden["pem"] = pair.private_bytes(serialization.Encoding.PEM, form, bare)
    return _loaded(key.hidden["pem"])


@cache
def _loaded(pem: bytes) -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key(pem, None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("the fake only keeps RSA pairs")
    return loaded


def _usable(call: Call) -> Record:
    key = find(call, KEY, call.params["key_id"])
    if key.body["state"] != "enabled" or not key.hidden["material"]:
        raise errors.precondition_failed("resource_not_usable", f"the key is {key.body['state']}")
    return key


def _bytes(name: str, text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error:
        raise errors.invalid_arguments((name, "format", "value must be base64")) from None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bits(key: Record) -> int:
    """The RSA size that the algorithm names; 0 for a symmetric key."""
    (algorithm,) = key.body["usage"].values()
    numbers = [part for part in algorithm.split("_") if part.isdigit() and len(part) == 4]
    return int(numbers[0]) if numbers else 0


def _seal(key: Record, plaintext: bytes, associated: bytes) -> bytes:
    if bits := _bits(key):
        return _private_key(key, bits).public_key().encrypt(plaintext, OAEP)
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key.hidden["material"][-1]).encrypt(nonce, plaintext, associated)


def _open(key: Record, ciphertext: bytes, associated: bytes) -> bytes:
    """Tries every rotation of the key, newest first; ValueError when none opens it."""
    if bits := _bits(key):
        return _private_key(key, bits).decrypt(ciphertext, OAEP)
    for material in reversed(key.hidden["material"]):
        try:
            return AESGCM(material).decrypt(ciphertext[:NONCE], ciphertext[NONCE:], associated)
        except InvalidTag:
            continue
    raise ValueError("no rotation of the key opens this ciphertext")


def _for(key: Record, usage: str) -> None:
    if usage not in next(iter(key.body["usage"])):
        raise errors.precondition_failed("resource_not_usable", f"the key is not meant for {usage}")


@routes.on("POST", f"{PATH}/{{key_id}}/encrypt", "encrypt")
def encrypt(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "encryption")
    values = read(call.body, {"plaintext": Take("text", required=True), "associated_data": Take("text")})
    sealed = _seal(key, _bytes("plaintext", values["plaintext"]), _bytes("associated_data", values["associated_data"]))
    return Reply(200, {"key_id": key.id, "ciphertext": _text(sealed)})


@routes.on("POST", f"{PATH}/{{key_id}}/decrypt", "decrypt")
def decrypt(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "encryption")
    values = read(call.body, {"ciphertext": Take("text", required=True), "associated_data": Take("text")})
    try:
        opened = _open(
            key, _bytes("ciphertext", values["ciphertext"]), _bytes("associated_data", values["associated_data"])
        )
    except ValueError:
        raise errors.invalid_arguments(("ciphertext", "constraint", "cipher: message authentication failed")) from None
    return Reply(200, {"key_id": key.id, "plaintext": _text(opened), "ciphertext": None})


@routes.on("POST", f"{PATH}/{{key_id}}/generate-data-key", "generate_data_key")
def generate_data_key(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "symmetric")
    shape = {"algorithm": Take("text", "aes_256_gcm"), "without_plaintext": Take("flag", False)}
    values = read(call.body, shape)
    data_key = secrets.token_bytes(32)
    body = {
        "key_id": key.id,
        "algorithm": values["algorithm"],
        "ciphertext": _text(_seal(key, data_key, b"")),
        "plaintext": None if values["without_plaintext"] else _text(data_key),
        "created_at": call.world.now_text(),
    }
    return Reply(200, body)


@routes.on("POST", f"{PATH}/{{key_id}}/sign", "sign")
def sign(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "signing")
    digest = _digest(read(call.body, {"digest": Take("text", required=True)})["digest"])
    signature = _private_key(key, _bits(key) or 2048).sign(digest, PSS, utils.Prehashed(hashes.SHA256()))
    return Reply(200, {"key_id": key.id, "signature": _text(signature)})


@routes.on("POST", f"{PATH}/{{key_id}}/verify", "verify")
def verify(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "signing")
    shape = {"digest": Take("text", required=True), "signature": Take("text", required=True)}
    values = read(call.body, shape)
    public = _private_key(key, _bits(key) or 2048).public_key()
    try:
        signature = _bytes("signature", values["signature"])
        public.verify(signature, _digest(values["digest"]), PSS, utils.Prehashed(hashes.SHA256()))
        valid = True
    except InvalidSignature:
        valid = False
    return Reply(200, {"key_id": key.id, "valid": valid})


def _digest(text: str) -> bytes:
    digest = _bytes("digest", text)
    if len(digest) != 32:
        raise errors.invalid_arguments(("digest", "constraint", "a SHA-256 digest in base64 is needed"))
    return digest


@routes.on("GET", f"{PATH}/{{key_id}}/public-key", "get_public_key")
def get_public_key(call: Call) -> Reply:
    key = _usable(call)
    _for(key, "asymmetric")
    public = _private_key(key, _bits(key) or 2048).public_key()
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return Reply(200, {"pem": public.public_bytes(encoding, form).decode()})
