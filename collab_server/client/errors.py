"""What can go wrong for a user of the client; the server's problem details, lane errors and close codes become these.

ClientError
├── Unreachable        the server could not be reached in time
├── TimedOut           it was reached and did not answer in time (also a TimeoutError)
├── Interrupted        the connection was lost during a change that may or may not have taken place
├── Closed             the session or the client was closed here
└── Problem            the server said no: `code` (stable), `message`, `status`, `extra`
    ├── Unauthorized   the token is bad, revoked or ran out
    ├── Forbidden      not allowed, or no longer
    ├── NotFound       not there, or not yours to know of
    ├── Conflict       somebody was faster, or the name is taken
    ├── Invalid        the input is wrong; `errors` names the fields
    │   └── Blocked    the scan found something; `findings`
    ├── TooMany        a limit is reached; `retry_after` in seconds, if the server knows
    └── ServerFault    something is wrong on the server's side
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class ClientError(Exception):
    """The base of everything that the client raises on its own."""


class Unreachable(ClientError):
    """The server could not be reached."""


class TimedOut(ClientError, TimeoutError):
    """No answer in time."""


class Interrupted(ClientError):
    """The connection was lost before the answer; look before doing it again."""


class Closed(ClientError):
    """The session or the client was closed here."""


class Problem(ClientError):
    """The server's own word: `code` is stable and for programs, `message` for people."""

    def __init__(
        self, message: str, *, code: str, status: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.extra = dict(extra or {})

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    @property
    def errors(self) -> list[dict[str, Any]]:
        """[{field, message}] of wrong input."""
        return list(self.extra.get("errors", ()))

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the scan found in the code."""
        return list(self.extra.get("findings") or ())

    @property
    def retry_after(self) -> float | None:
        """Seconds after which it may go through."""
        return self.extra.get("retryAfter")


class Unauthorized(Problem):
    """401, 4401."""


class Forbidden(Problem):
    """403, 4403."""


class NotFound(Problem):
    """404, 4404."""


class Conflict(Problem):
    """409, 412."""


class Invalid(Problem):
    """400, 413, 422, 4400."""


class Blocked(Invalid):
    """`scan_blocked`."""


class TooMany(Problem):
    """429, 4429."""


class ServerFault(Problem):
    """5xx."""


_OF_CODE: dict[str, type[Problem]] = {
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "not_found": NotFound,
    "exists": Conflict,
    "stale": Conflict,
    "conflict": Conflict,
    "not_waiting": Conflict,
    "precondition_failed": Conflict,
    "scan_blocked": Blocked,
    "rate_limited": TooMany,
    "quota_exceeded": TooMany,
    "overloaded": ServerFault,
    "quarantined": ServerFault,
    "read_only": ServerFault,
    "executions_off": ServerFault,
    "platform": ServerFault,
    "internal": ServerFault,
}
_OF_STATUS: dict[int, type[Problem]] = {
    401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Conflict, 429: TooMany,
}  # fmt: skip
# Close codes that a new connection would not mend: 4400 to 4499, and a frame that was too big.
_OF_CLOSE: dict[int, tuple[type[Problem], str]] = {
    1009: (Invalid, "too_large"),
    4400: (Invalid, "malformed"),
    4401: (Unauthorized, "unauthorized"),
    4403: (Forbidden, "forbidden"),
    4404: (NotFound, "not_found"),
    4429: (TooMany, "rate_limited"),
}


def of_members(members: Mapping[str, Any], status: int | None = None) -> Problem:
    """The error of an `error` or `execution.refused` message, or of problem details."""
    code = str(members.get("code", "failed"))
    kind = _OF_CODE.get(code)
    if kind is None:
        kind = _OF_STATUS.get(status or 422, ServerFault if (status or 0) >= 500 else Invalid)
    message = str(members.get("detail") or members.get("message") or code)
    known = {"type", "title", "status", "detail", "message", "code", "instance", "replyTo"}
    return kind(message, code=code, status=status, extra={k: v for k, v in members.items() if k not in known})


def of_response(response: httpx.Response) -> Problem:
    """The error of a response that was read; one without problem details (a proxy's) still gets a type."""
    try:
        members = response.json()
    except ValueError:
        members = None
    if not isinstance(members, dict):
        members = {"code": f"http_{response.status_code}", "detail": f"the server answered {response.status_code}"}
    if (after := response.headers.get("retry-after", "")).isdigit():
        members.setdefault("retryAfter", float(after))
    return of_members(members, response.status_code)


def of_close(code: int | None, reason: str) -> Problem | None:
    """The error of a close code that is permanent; None where connecting again may help."""
    if code is None or (code not in _OF_CLOSE and not 4400 <= code <= 4499):
        return None
    kind, name = _OF_CLOSE.get(code, (Invalid, f"closed_{code}"))
    return kind(reason or f"the server closed the connection with {code}", code=name, extra={"closeCode": code})
