"""A person with a browser and no JavaScript: keeps cookies, reads pages, fills the forms they hold."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener

Values = Mapping[str, str | Sequence[str]]


@dataclass
class Form:
    """A form as it stands in a page, with what it holds already."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, values: Values, button: str | None) -> list[tuple[str, str]]:
        """What the browser would send: the fields as they stand, those of `values` replaced, the button pressed."""
        kept = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        return kept + [(name, value) for name, value in self.buttons if button is not None and button in (name, value)]


class _FormReader(HTMLParser):
    """Collects the forms of a page, `form=` attributes and selected options included."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self._current: Form | None = None
        self._select: tuple[Form, str, bool] | None = None
        self._select_values: list[tuple[str, bool]] = []
        self._textarea: tuple[Form, str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open_form(got)
        owner = self.by_id.get(got.get("form", "")) or self._current
        if owner is None or "disabled" in got:
            return
        if tag == "input":
            self._input(owner, got)
        elif tag == "button" and got.get("type", "submit") == "submit" and got.get("name"):
            owner.buttons.append((got["name"], got.get("value", "")))
        elif tag == "textarea":
            self._textarea = (owner, got.get("name", ""), [])
        elif tag == "select":
            self._select, self._select_values = (owner, got.get("name", ""), "multiple" in got), []
        elif tag == "option" and self._select:
            self._select_values.append((got.get("value", ""), "selected" in got))

    def _open_form(self, got: dict[str, str]) -> None:
        self._current = Form(got.get("action", ""), got.get("method", "get").lower())
        self.forms.append(self._current)
        if got.get("id"):
            self.by_id[got["id"]] = self._current

    @staticmethod
    def _input(owner: Form, got: dict[str, str]) -> None:
        kind, name = got.get("type", "text"), got.get("name", "")
        if kind == "submit" and name:
            owner.buttons.append((name, got.get("value", "")))
        elif kind in {"checkbox", "radio"}:
            if "checked" in got:
                owner.fields.append((name, got.get("value", "on")))
        elif kind not in {"submit", "button", "file", "image", "reset"} and name:
            owner.fields.append((name, got.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea[2].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._current = None
        elif tag == "textarea" and self._textarea:
            owner, name, text = self._textarea
            owner.fields.append((name, "".join(text).removeprefix("\n")))
            self._textarea = None
        elif tag == "select" and self._select:
            owner, name, multiple = self._select
            chosen = [value for value, selected in self._select_values if selected]
            if not chosen and not multiple and self._select_values:
                chosen = [self._select_values[0][0]]
            owner.fields += [(name, value) for value in chosen]
            self._select = None


@dataclass(frozen=True)
class Answer:
    """A page that came back."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def forms(self) -> list[Form]:
        reader = _FormReader()
        reader.feed(self.text)
        return reader.forms

    def form(self, action: str) -> Form:
        """The only kind of form whose address ends so; raises AssertionError with the addresses there are."""
        found = [form for form in self.forms() if urljoin(self.url, form.action).split("?")[0].endswith(action)]
        assert found, f"no form to {action} on {self.url}; there are {[form.action for form in self.forms()]}"
        return found[0]


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


class Visitor:
    """One browser profile."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.cookies = CookieJar()
        self._follows = build_opener(HTTPCookieProcessor(self.cookies))
        self._stays = build_opener(HTTPCookieProcessor(self.cookies), _NoRedirect())

    def get(self, path: str, *, follow: bool = True) -> Answer:
        return self._ask(Request(urljoin(self.base_url, path)), follow)

    def submit(
        self,
        page: Answer,
        action: str,
        values: Values | None = None,
        *,
        button: str | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        follow: bool = True,
    ) -> Answer:
        """Fill the form of `page` that goes to `action` and send it."""
        form = page.form(action)
        pairs = form.filled(values or {}, button)
        return self.post(
            urljoin(page.url, form.action or page.url), pairs, origin_of=page.url, files=files, follow=follow
        )

    def post(
        self,
        url: str,
        pairs: Sequence[tuple[str, str]],
        *,
        origin_of: str = "",
        files: Mapping[str, tuple[str, bytes]] | None = None,
        follow: bool = True,
    ) -> Answer:
        body, kind = (
            multipart(pairs, files) if files else (urlencode(pairs).encode(), "application/x-www-form-urlencoded")
        )
        headers = {"Content-Type": kind, "Referer": origin_of or self.base_url, "Origin": self.base_url.rstrip("/")}
        return self._ask(Request(urljoin(self.base_url, url), data=body, headers=headers), follow)

    def _ask(self, request: Request, follow: bool) -> Answer:
        opener: OpenerDirector = self._follows if follow else self._stays
        try:
            response: IO[bytes] = opener.open(request, timeout=60)
        except HTTPError as error:
            response = error
        with response:
            return Answer(response.url, response.status, dict(response.headers.items()), response.read())  # type: ignore[attr-defined]


def multipart(pairs: Sequence[tuple[str, str]], files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """A multipart/form-data body and its content type."""
    edge = b"----visitor-boundary-5f1c"

    def part(disposition: str, content: bytes) -> bytes:
        return b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (edge, disposition.encode(), content)

    parts = [part(f'name="{name}"', value.encode()) for name, value in pairs]
    parts += [part(f'name="{name}"; filename="{filename}"', content) for name, (filename, content) in files.items()]
    return b"".join(parts) + b"--%s--\r\n" % edge, f"multipart/form-data; boundary={edge.decode()}"


def wait_until(condition: object, seconds: float, what: str, every: float = 0.2) -> float:
    """Call `condition` until it is true; returns the seconds it took, raises AssertionError after `seconds`."""
    started = time.monotonic()
    while not condition():  # type: ignore[operator]
        if time.monotonic() - started > seconds:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - started
