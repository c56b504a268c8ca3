"""The errors an action may raise, and the one table that turns any domain error into a status, a close code or an MCP error.

Nothing here logs or answers; the transports do, from what `describe` returns.

    ActionError            what the caller did cannot be done; carries a stable `code`
    ├── Unauthorized       no valid token; always the same text, so that nothing is given away
    ├── Forbidden          known to the caller, yet not allowed
    ├── NotFound           does not exist, or the caller may not know that it does
    ├── WrongMethod        an address that takes other methods
    ├── Conflict           somebody was faster, or the name is taken
    ├── Invalid            the input is wrong; names the field
    ├── ReadOnly           an operator keeps a session, or the whole server, as it is
    ├── NotAcceptable      there is no such form of what was asked for
    ├── PreconditionFailed     the version that a change is based on is not the newest
    ├── PreconditionRequired   a change has to say which version it is based on
    └── TooMany            a limit was reached; says when to try again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from collab_server.sealing import Unsealable
from crdt.model import DocumentError
from executor.admission import Refused
from executor.snapshot import Invalid as InvalidSnapshot


class ActionError(Exception):
    """`code` is stable and for programs, the text for people; `extra` holds further members of the problem."""

    code = "failed"
    status = 400
    # Whether the security events know of it already.
    noted = False

    def __init__(self, message: str, *, code: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.extra = extra


class Unauthorized(ActionError):
    code, status = "unauthorized", 401

    def __init__(self) -> None:
        super().__init__(
            "A valid token is needed: `Authorization: Bearer <token>`, made by `collab-server token create`."
        )


class Forbidden(ActionError):
    code, status = "forbidden", 403


class NotFound(ActionError):
    code, status = "not_found", 404


class WrongMethod(ActionError):
    code, status = "method_not_allowed", 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"this cannot be done here; what can: {', '.join(allowed)}")
        self.allowed = allowed


class Conflict(ActionError):
    code, status = "conflict", 409


class Invalid(ActionError):
    code, status = "invalid", 422

    def __init__(self, message: str, *, name: str, code: str | None = None) -> None:
        super().__init__(message, code=code, errors=[{"field": name, "message": message}])


class ReadOnly(ActionError):
    code, status = "read_only", 423


class NotAcceptable(ActionError):
    code, status = "not_acceptable", 406


class PreconditionFailed(ActionError):
    code, status = "precondition_failed", 412


class PreconditionRequired(ActionError):
    code, status = "precondition_required", 428


class TooMany(ActionError):
    code, status = "rate_limited", 429

    def __init__(self, message: str, *, retry_after_s: float, code: str | None = None) -> None:
        super().__init__(message, code=code, retryAfter=retry_after_s)


@dataclass(frozen=True)
class Problem:
    """What every transport needs of an error: RFC 9457's members and the stable code."""

    status: int
    code: str
    message: str
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self, instance: str | None = None) -> dict[str, Any]:
        """The problem details object (RFC 9457 §3)."""
        shown = {
            "type": f"urn:collab:problem:{self.code}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            **self.extra,
        }
        return shown | ({"instance": instance} if instance else {})


TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Gone",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    423: "Locked",
    426: "Upgrade required",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    502: "Worker fault",
    503: "Unavailable",
}

STATUS_OF_CODE = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "exists": 409,
    "gone": 410,
    "stale": 409,
    "conflict": 409,
    "merging": 409,
    "precondition_failed": 412,
    "too_large": 413,
    "invalid": 422,
    "scan_blocked": 422,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "overloaded": 503,
    "quarantined": 423,
    "read_only": 423,
    "executions_off": 503,
    "unavailable": 503,
    "unsaved": 503,
    "platform": 502,
    "internal": 500,
}

CLOSE_BAD_TOKEN = 4401
CLOSE_NOT_ALLOWED = 4403
CLOSE_NO_SESSION = 4404
CLOSE_FLOOD = 4429
CLOSE_TRY_AGAIN = 4500
CLOSE_TOO_BIG = 1009
CLOSE_RESTARTING = 1012
CLOSE_OVERLOADED = 1013
CLOSE_OF_STATUS = {
    401: CLOSE_BAD_TOKEN,
    403: CLOSE_NOT_ALLOWED,
    404: CLOSE_NO_SESSION,
    413: CLOSE_TOO_BIG,
    429: CLOSE_FLOOD,
    500: CLOSE_TRY_AGAIN,
    502: CLOSE_TRY_AGAIN,
    503: CLOSE_OVERLOADED,
}


# What the database's absence looks like: away, silent, full, locked, or with no connection left.
AWAY = (OperationalError, InterfaceError, NoConnectionLeft, ConnectionError, TimeoutError)
AWAY_RETRY_S = 2.0


def faults_of(errors: Iterable[Mapping[str, Any]], given: Any, *, within: int = 0) -> list[dict[str, str]]:
    """`errors` of pydantic as {field, message}, `field` as who sent `given` knows it; the first `within` parts of a place are not its.

    Where a value may be of several kinds, pydantic's place names the kind that it tried, too.
    """
    faults: list[dict[str, str]] = []
    for error in errors:
        at, named = given, list[str]()
        for part in error["loc"][within:]:
            held = part in at if isinstance(at, Mapping) else isinstance(at, list) and part in range(len(at))
            if held:
                at = at[part]
            elif not (isinstance(at, Mapping) and error["type"] == "missing"):
                continue
            named.append(str(part))
        faults.append({"field": ".".join(named), "message": error["msg"]})
    return faults


def describe(error: BaseException) -> Problem:
    """The Problem of a domain error; anything unknown is a 500 whose text gives nothing away."""
    if isinstance(error, ActionError):
        return Problem(error.status, error.code, str(error), error.extra)
    if isinstance(error, DocumentError):
        extra = {
            key: value
            for key, attribute in (("currentText", "current_text"), ("version", "version"))
            if (value := getattr(error, attribute, None)) is not None
        }
        if name := getattr(error, "field", None):
            extra["errors"] = [{"field": name, "message": str(error)}]
        return Problem(STATUS_OF_CODE.get(error.code, 400), error.code, str(error), extra)
    if isinstance(error, Refused):
        event = {key: value for key, value in error.event.items() if key in ("executionId", "findings", "retryAfter")}
        if error.field is not None:
            event["errors"] = [{"field": error.field, "message": str(error).removeprefix(f"{error.field}: ")}]
        return Problem(STATUS_OF_CODE.get(error.refusal.code, 400), error.refusal.code, error.refusal.message, event)
    if isinstance(error, InvalidSnapshot):
        return Problem(422, "invalid", str(error), {"errors": [{"field": error.field, "message": str(error)}]})
    if isinstance(error, Unsealable):
        return Problem(503, "unavailable", str(error))
    if isinstance(error, AWAY):
        told = "the database does not answer at the moment and nothing was changed for certain; try again"
        return Problem(503, "unavailable", told, {"retryAfter": AWAY_RETRY_S})
    return Problem(
        500, "internal", "Something went wrong on the server; the request id in the headers finds it in the log."
    )


def close_code(error: BaseException) -> int:
    """The WebSocket close code of a domain error (4400-4499 permanent, 4500-4599 try again)."""
    return CLOSE_OF_STATUS.get(describe(error).status, 4400)
