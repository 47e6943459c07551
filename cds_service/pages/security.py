"""What a browser may do with a page: run and load nothing but ours, frame nothing, send nothing elsewhere."""

from collections.abc import Mapping

from flask import Flask, Response, request

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Not `no-referrer`: with it a browser hides the origin of a form, which is how another site's form is told from ours.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def secure(app: Flask) -> None:
    """Every answer of the app bears the headers; no page is kept by a browser or a proxy, as it shows a chart."""

    @app.after_request
    def add_headers(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if not (request.endpoint or "").endswith("static"):
            answer.headers["Cache-Control"] = "no-store"
        return answer
