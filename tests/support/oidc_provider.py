"""A real OpenID Connect provider for tests: a process of its own on loopback, with its own page, on authlib.

    python -m tests.support.oidc_provider --redirect http://localhost:8000/connexion/fournisseur/retour/

prints its port. What it signs can be spoilt through POST /spoil, to see that the portal refuses it.
"""

import argparse
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "portal", "a secret of the tests alone"
LOGIN = """<!doctype html><title>Provider</title><form method="post">
<label>Who are you? <input name="subject"></label> <label>How strongly? <input name="acr"></label>
<button>Go on</button></form>"""


class Provider:
    """Codes that work once, and ID tokens signed with a key of its own."""

    def __init__(self, issuer: str, redirect_uri: str) -> None:
        self.issuer, self.redirect_uri = issuer, redirect_uri
        self.key = RSAKey.generate_key(2048, {"kid": "own", "use": "sig", "alg": "RS256"})
        self.other = RSAKey.generate_key(2048, {"kid": "own", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, Any]] = {}
        self.spoilt: dict[str, Any] = {}

    def authorize(self, asked: dict[str, str], subject: str, acr: str) -> str:
        """Where the browser is sent with a code."""
        assert asked["redirect_uri"] == self.redirect_uri
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "subject": subject, "acr": acr}
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code, once, for the client and the browser it was given to; None otherwise."""
        known = self.codes.pop(sent.get("code", ""), None)
        if known is None or (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return None
        if create_s256_code_challenge(sent.get("code_verifier", "")) != known["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": known["subject"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": known["nonce"],
            **({"acr": known["acr"]} if known["acr"] else {}),
            **self.spoilt.get("claims", {}),
        }
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.spoilt.get("algorithm") == "none":
            return jwt.encode({"alg": "none", "kid": "own"}, claims, self.key, algorithms=["none"])
        if self.spoilt.get("algorithm") == "HS256":
            from joserfc.jwk import OctKey

            secret = OctKey.import_key(CLIENT_SECRET)
            return jwt.encode({"alg": "HS256", "kid": "own"}, claims, secret, algorithms=["HS256"])
        key = self.other if self.spoilt.get("key") == "other" else self.key
        return jwt.encode({"alg": "RS256", "kid": "own"}, claims, key)


def application(provider: Provider) -> Flask:
    """The provider's pages and endpoints."""
    app = Flask("provider")

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        if request.method == "GET":
            return LOGIN
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        return redirect(provider.authorize(asked, request.form["subject"], request.form.get("acr", "")))

    @app.post("/token")
    def token() -> Any:
        if provider.spoilt.get("down"):
            return Response("<html>busy</html>", status=503)
        found = provider.token(dict(request.form))
        return found if found else Response(json.dumps({"error": "invalid_grant"}), status=400)

    @app.get("/keys")
    def keys() -> Any:
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.post("/spoil")
    def spoil() -> Any:
        provider.spoilt = request.get_json()
        return {}

    return app


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redirect", required=True)
    options = parser.parse_args()
    provider = Provider("", options.redirect)
    server = make_server("127.0.0.1", 0, application(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
