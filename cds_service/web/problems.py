"""What can be wrong with a request, and the OperationOutcome that says so (contract 4.1, "errors")."""

from collections.abc import Mapping

from werkzeug.exceptions import HTTPException


class Problem(Exception):  # noqa: N818 - it is an answer, not a fault of ours
    """A request that cannot be answered: the status, the FHIR issue code, and words that never echo a value."""

    def __init__(
        self, status: int, code: str, words: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(words)
        self.status, self.code, self.words, self.field = status, code, words, field
        self.headers = headers or {}


def bad_request(field: str, words: str) -> Problem:
    """400: something in the body does not fit; names the field."""
    return Problem(400, "invalid", f"{field}: {words}", field)


def missing_prefetch(keys: tuple[str, ...]) -> Problem:
    """412: data that the service cannot do without were not sent, or not as an answer; names the prefetch keys."""
    words = "needed prefetch keys are missing, or hold what does not answer their search for this patient"
    return Problem(412, "required", f"{words}: {', '.join(keys)}", "prefetch")


_CODES = {404: "not-found", 405: "not-supported", 413: "too-long", 415: "not-supported", 429: "throttled"}
_WORDS = {
    404: "there is no such address; the services are listed at /cds-services",
    405: "the address does not take this method; the header Allow names those that it takes",
    413: "the body is larger than this service reads (its setting limits.body_bytes)",
    415: "the body must be application/json",
    429: "the service is busy: ask again in a moment",
}


def of_http(error: HTTPException) -> Problem:
    """The problem that an HTTP error of the framework means."""
    status = error.code or 500
    return Problem(status, _CODES.get(status, "invalid"), _WORDS.get(status, "the request cannot be answered"))


def outcome(problem: Problem, trace: str) -> Mapping[str, object]:
    """The OperationOutcome of a problem; its id is the trace id by which the log knows it."""
    issue: dict[str, object] = {
        "severity": "error",
        "code": problem.code,
        "diagnostics": f"{problem.words} (trace {trace})",
    }
    if problem.field:
        issue["expression"] = [problem.field]
    return {"resourceType": "OperationOutcome", "id": trace, "issue": [issue]}
