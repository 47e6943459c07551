"""Who may use the EHR: a browser on this machine, from the EHR's own pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import Forbidden, MisdirectedRequest
from werkzeug.wrappers import Response as AnyResponse

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where the EHR answers: this machine alone."""

    port: int

    @property
    def host(self) -> str:
        """As a browser names it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The first page."""
        return f"http://{self.host}/"


def guard(app: Flask, address: Address) -> None:
    """Refuses other names of this machine (DNS rebinding) and forms of other sites (CSRF)."""

    @app.before_request
    def check() -> AnyResponse | None:
        if request.host == f"localhost:{address.port}" and request.method == "GET":
            return redirect(f"http://{address.host}{request.full_path.rstrip('?')}", 307)
        if request.host != address.host:
            raise MisdirectedRequest(f"This demonstration answers at {address.url} only.")
        if request.method in _CHANGING and not from_own_page(dict(request.headers), f"http://{address.host}"):
            raise Forbidden("This was not sent by a page of the demonstration.")
        return None


def from_own_page(headers: Mapping[str, str], origin: str) -> bool:
    """Whether a browser says that the request comes from a page of this origin."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    return headers.get("Origin", origin if site else None) == origin


def plain(text: str, status: int) -> Response:
    """An answer to whoever uses no page of ours."""
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
