"""The bodies that REST and MCP take and give, in one place: camelCase outside, checked by pydantic.

The execution request and the execution events are executor's; nothing here does anything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic.alias_generators import to_camel

from executor import events
from executor.pricing import MICRO, TierQuota
from executor.request import RequestFile
from executor.scan.policy import ScanPolicy

FILES_MAX = 500
NAME_CHARS_MAX = 200
DESCRIPTION_CHARS_MAX = 10_000
CONTENT_CHARS_MAX = 8 * 2**20
ENVIRONMENT_KEYS_MAX = 100
# As crdt.comments has them, which the client may not know.
COMMENT_CHARS_MAX = 4_000
QUOTE_CHARS_MAX = 400
LINE_MAX = 2**31

Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARS_MAX, strip_whitespace=True)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Content = Annotated[str, StringConstraints(max_length=CONTENT_CHARS_MAX)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
CommentText = Annotated[str, StringConstraints(min_length=1, max_length=COMMENT_CHARS_MAX)]
CommentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
RoleName = Literal["owner", "editor", "runner", "viewer"]


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class NewFile(Shape):
    """A file to create; `language` is taken from the name's ending when it is left out."""

    name: FileName
    content: Content = ""
    language: Annotated[str, StringConstraints(max_length=64)] | None = None


class NewSession(Shape):
    """A session to create; its maker is the owner, `collaborators` become editors."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""
    collaborators: list[str] = Field(default_factory=list, max_length=1000)
    is_public: bool = False
    files: list[NewFile] = Field(default_factory=list, max_length=FILES_MAX)
    environment: dict[str, Any] = Field(default_factory=dict, max_length=ENVIRONMENT_KEYS_MAX)
    expires_at: AwareDatetime | None = None


class SessionChange(Shape):
    """What to change of a session; what is left out stays, `expiresAt: null` lifts the expiry."""

    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    is_public: bool | None = None
    archived: StrictBool | None = Field(None, description="An archived session is left out of listings.")
    environment: Annotated[dict[str, Any], Field(max_length=ENVIRONMENT_KEYS_MAX)] | None = None
    expires_at: AwareDatetime | None = None
    budget: Money | None = Field(None, description="What runs here may cost in a month, in dollars; null: no limit.")
    scan_policy: ScanPolicy | None = Field(None, description="What a scan blocks here; null: what the tier says.")
    agents_propose: StrictBool | None = Field(
        None, description="Whether programs (API keys, MCP, the text lane) edit in branches only, for people to merge."
    )


class Scan(Shape):
    """Code to look at: files by their names, or one text and its language."""

    files: list[RequestFile] | None = Field(None, max_length=FILES_MAX)
    code: Content | None = None
    language: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class Findings(Shape):
    findings: list[events.Finding]


class Fork(Shape):
    """The copy's name; left out: the original's with “(fork)” behind it."""

    name: Name | None = None


class FileReplacement(Shape):
    """The whole new text of a file, its name or its language; the text is merged as the smallest change."""

    content: Content | None = None
    name: FileName | None = None
    language: Annotated[str, StringConstraints(max_length=64)] | None = None
    base_version: int | None = Field(None, ge=0)


class NewComment(Shape):
    """What to say: about a line (from 1) of a file, about a line of a run's output (`quote` is what stands there), or in
    answer to what was said in a thread."""

    text: CommentText
    thread_id: CommentId | None = None
    file_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    execution_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    line: int | None = Field(None, ge=1, le=LINE_MAX)
    quote: Annotated[str, StringConstraints(max_length=QUOTE_CHARS_MAX)] = ""


class CommentChange(Shape):
    """Other words for one's own comment."""

    text: CommentText


class ThreadChange(Shape):
    """Whether what a thread is about is settled."""

    resolved: StrictBool


class CommentAuthor(Shape):
    id: str
    name: str
    kind: Literal["human", "agent", "guest", "system"]


class CommentOut(Shape):
    id: str
    author: CommentAuthor
    text: str
    created_at: str
    edited_at: str | None


class ThreadOut(Shape):
    """What is said about one place; `line` is where it stands now, null when it is gone (`orphaned`)."""

    id: str
    file_id: str | None
    execution_id: str | None
    line: int | None
    quote: str
    orphaned: bool
    resolved: bool
    resolved_by: str | None
    comments: list[CommentOut]


class ThreadsOut(Shape):
    items: list[ThreadOut]
    version: int


class Edit(Shape):
    """Replace the code points `start` to `end` by `text`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: Content


class FileEdits(Shape):
    """Edits relative to the text at `baseVersion`; what came since is merged, never overwritten."""

    base_version: int = Field(ge=0)
    edits: list[Edit] = Field(min_length=1, max_length=10_000)


class RoleGiven(Shape):
    role: RoleName


class NewLink(Shape):
    """A share link for guests; `spendingCap` is in dollars."""

    role: Literal["editor", "runner", "viewer"]
    expires_at: AwareDatetime | None = None
    spending_cap: float | None = Field(None, ge=0, le=1_000_000)


class NewToken(Shape):
    """An API key for oneself, limited at will."""

    name: Annotated[str, StringConstraints(max_length=NAME_CHARS_MAX)] = ""
    scopes: list[Literal["edit", "propose", "run", "admin"]] = Field(default_factory=list)
    expires_at: AwareDatetime | None = None
    budget: Money | None = Field(None, description="What runs by this key may cost in a month, in dollars.")
    runs_per_minute: int | None = Field(None, ge=1, le=10_000, description="How many runs a minute it may start.")
    agent: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="The name of the agent that has the key: it acts for you, under its own name and colour."
    )


class KeyLimits(Shape):
    """What bounds an API key from now on; what is left out stays, null lifts it."""

    budget: Money | None = None
    runs_per_minute: int | None = Field(None, ge=1, le=10_000)


class OwnLimits(Shape):
    """What an account lets itself spend in a month, in dollars; null: as much as its tier allows."""

    budget: Money | None


EventTypes = Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(min_length=1, max_length=32)]


class NewWebhook(Shape):
    """Where events go to. `account`: of what you own or run; `session`: of one session; `server`: of everything (admins)."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    types: EventTypes
    scope: Literal["account", "session", "server"] = "account"
    session_id: Annotated[str, StringConstraints(max_length=64)] | None = None


class WebhookChange(Shape):
    """What is left out stays."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    types: EventTypes | None = None
    enabled: StrictBool | None = None


class NewSecret(Shape):
    """The value of a secret."""

    value: Annotated[str, StringConstraints(max_length=16 * 1024)]


class Issue(Shape):
    """A month that is over, like `2026-01`."""

    month: Annotated[str, StringConstraints(max_length=7)]


class NewCredit(Shape):
    """A part of an issued invoice to give back, in dollars; left out: all that is left of it."""

    amount: Annotated[Decimal, Field(gt=0, le=1_000_000_000, decimal_places=6)] | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Replayed(Shape):
    """From when on."""

    since: AwareDatetime


class NewAlertRule(Shape):
    """An alert when `threshold` security events of a kind come within `windowS` seconds; then none for `quietS`."""

    kind: Annotated[str, StringConstraints(max_length=32)]
    threshold: int = Field(ge=1, le=1_000_000)
    window_s: int = Field(ge=1, le=86_400)
    quiet_s: int = Field(600, ge=1, le=86_400)
    enabled: StrictBool = True


class Login(Shape):
    """A login token or an API key, for a browser cookie."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Join(Shape):
    """The secret of a share link (`ln_…`), for a token that is good in its session."""

    link: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Stdin(Shape):
    """Text for a program that waits for input; `eof` closes its input."""

    data: Annotated[str, StringConstraints(max_length=2**20)] = ""
    eof: bool = False


class Undo(Shape):
    """Whose changes to take back: those behind `sinceVersion`, or the last `count`; without either all of them."""

    actor_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    since_version: int | None = Field(None, ge=0)
    count: int | None = Field(None, ge=1, le=10_000)


class UndoneFile(Shape):
    file_id: str
    name: str
    status: Literal["changed", "restored", "deleted"]


class UndoneOut(Shape):
    """`version` is the new one; it is the one before where there was nothing to take back."""

    actor_id: str
    since_version: int
    version: int
    files: list[UndoneFile]


class NewVersion(Shape):
    """The name that the present version is to be known by."""

    name: Name


class Overrides(Shape):
    """Limits of one account; what is left out is as its tier has it, null is no limit."""

    runs_per_minute: int = Field(0, ge=1, le=100_000)
    concurrent_runs: int = Field(0, ge=1, le=1000)
    compute_units_per_month: Annotated[int, Field(ge=0, le=10**12)] | None = None
    money_per_month: Money | None = None
    price_percent: int = Field(100, ge=0, le=1000, description="What the account pays of the tiers' prices.")

    def applied(self, quota: TierQuota) -> TierQuota:
        """The tier's limits with these instead."""
        names = {
            "runs_per_minute": ("runs_per_minute", 1),
            "concurrent_runs": ("concurrent_runs", 1),
            "compute_units_per_month": ("month_compute_micro_units", MICRO),
            "money_per_month": ("month_micro_dollars", MICRO),
        }
        given: dict[str, Any] = {}
        for name in self.model_fields_set & names.keys():
            value, (field, scale) = getattr(self, name), names[name]
            given[field] = None if value is None else int(value * scale)
        return replace(quota, **given)


class UserChange(Shape):
    """What an admin changes of an account; what is left out stays.

    A JWT goes on saying the tier and the admin right of whoever comes with it; a suspension holds for it too.
    """

    tier: Annotated[str, StringConstraints(max_length=32)] | None = None
    admin: StrictBool | None = None
    suspended: StrictBool | None = None
    limits: Overrides | None = Field(
        None, description="Limits of this account instead of its tier's; {} takes them off."
    )


class SessionCustody(Shape):
    """What an admin puts a session into: `readOnly` may be watched only, `closed` is out of everybody's reach until it
    is open again; whether it is archived, and who owns it. What is left out stays."""

    state: Literal["open", "readOnly", "closed"] | None = None
    archived: StrictBool | None = None
    owner_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


class TierLimits(Shape):
    """What an account of a tier may use; null is no limit."""

    runs_per_minute: int = Field(60, ge=1, le=100_000)
    concurrent_runs: int = Field(4, ge=1, le=1000)
    compute_units_per_month: Annotated[int, Field(ge=0, le=10**12)] | None = None
    money_per_month: Money | None = None


class TierChange(Shape):
    """A tier's next version, whole; prices in dollars, to the micro-dollar."""

    price_per_second: Decimal = Field(ge=0, le=1000)
    price_per_mb: Decimal = Field(ge=0, le=1000)
    max_time_ms: int = Field(ge=100, le=3_600_000)
    max_memory_bytes: int = Field(ge=16 * 2**20, le=64 * 2**30)
    modules: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(max_length=200)
    limits: TierLimits | None = Field(None, description="Left out: as they were.")


class Estimate(Shape):
    """`maxCost` is what a run reserves and can never go past; `typicalCost` is the median of the last runs alike, if
    there were any. `covered`: whether everyone who pays has that much left."""

    tier: str
    max_cost: float
    max_compute_units: float
    typical_cost: float | None
    covered: bool
    currency: Literal["USD"]


class UserOut(Shape):
    id: str
    name: str
    tier: str
    admin: bool
    suspended: bool
    created_at: str
    tokens: int
    sessions: int
    cost_this_month: float
    budget: float | None
    limits: dict[str, Any]


class TierOut(Shape):
    name: str
    version: int
    price_per_second: float
    price_per_mb: float
    max_time_ms: int
    max_memory_bytes: int
    modules: list[str]
    limits: TierLimits


class Percentiles(Shape):
    """Milliseconds that so many in a hundred runs did not exceed."""

    p50: int
    p90: int
    p95: int
    p99: int


class Latency(Shape):
    """How long runs took, and how long they waited before."""

    execution: Percentiles
    queue: Percentiles


class Figures(Shape):
    """`failed`: began and did not complete; `refused`: never began. Money as on the invoice."""

    executions: int
    failed: int
    refused: int
    compute_units: float
    cost: float
    cost_micro_dollars: int


class TotalFigures(Figures):
    execution_time: int


class StepFigures(Figures):
    at: str


class LanguageFigures(Figures):
    language: str


class SessionFigures(Figures):
    """`sessionId` null: runs outside of sessions; `name` null: the session is deleted."""

    session_id: str | None
    name: str | None


class Failure(Shape):
    """`kind`: the type of the program's error, the limit that ended it, or the code of the refusal."""

    status: Literal["failed", "timeout", "memory", "lost", "refused"]
    kind: str
    executions: int


class FileRun(Shape):
    session_id: str
    session_name: str | None
    name: str
    executions: int
    failed: int
    cost: float
    cost_micro_dollars: int


class FileEdited(Shape):
    """Counted by whole days (UTC)."""

    session_id: str
    session_name: str | None
    file_id: str
    name: str
    edits: int
    chars: int


class AnalyticsOut(Shape):
    from_: str = Field(alias="from")
    to: str
    step: Literal["hour", "day"]
    currency: Literal["USD"]
    totals: TotalFigures
    latency: Latency
    latency_by_language: dict[str, Percentiles]
    over_time: list[StepFigures]
    by_language: list[LanguageFigures]
    by_session: list[SessionFigures]
    failures: list[Failure]
    files_run: list[FileRun]
    files_edited: list[FileEdited]


class SwitchChange(Shape):
    """`reason` is told to everybody whom it holds up; a sentence of the server's when it is left out."""

    on: StrictBool
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class SwitchOut(Shape):
    name: Literal["refuse-executions", "read-only"]
    on: bool
    reason: str
    changed_by: str | None
    changed_at: str | None


class SwitchesOut(Shape):
    items: list[SwitchOut]


class Stop(Shape):
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class Stopping(Shape):
    """How many runs, on all nodes, were told to end; they do so within a second."""

    stopping: int


class AuditVerdict(Shape):
    """`head` is the hash at the end of the chain: noted down elsewhere, it proves that nothing before it changed."""

    ok: bool
    rows: int
    head: str
    broken_id: int | None = None
    reason: str | None = None


class FileOut(Shape):
    id: str
    name: str
    content: str
    language: str
    last_modified: str


class HunkOut(Shape):
    """Each line begins with a blank, `-`, `+` or (about the line before) a backslash."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[str]


class DifferenceOut(Shape):
    """How a file differs; `unified` is what `patch` reads. `truncated`: there is more than is shown."""

    file_id: str
    status: Literal["added", "removed", "renamed", "changed"]
    name: str
    old_name: str
    language: str
    unified: str
    hunks: list[HunkOut]
    truncated: bool


class StepOut(Shape):
    """What one actor did to one file in one version; the edits are on the text before it."""

    version: int
    at: str
    actor_id: str
    file_id: str
    name: str
    language: str
    deleted: bool
    edits: list[Edit]


class PlaybackOut(Shape):
    """The files at `from`, changed step by step, are the files at the version of the last step. `next`: where to go on."""

    from_: int = Field(alias="from")
    to: int
    steps: list[StepOut]
    next: int | None


class DiffOut(Shape):
    from_: int = Field(alias="from")
    to: int
    files: list[DifferenceOut]


class RunFiles(Shape):
    """What a run ran."""

    execution_id: str
    version: int
    entry: str
    language: str
    files: list[FileOut]


class SessionOut(Shape):
    """A session as everybody sees it (INTERFACES §4)."""

    id: str
    name: str
    description: str
    owner_id: str
    collaborators: list[str]
    roles: dict[str, RoleName]
    is_public: bool
    archived: bool
    environment: dict[str, Any]
    files: list[FileOut]
    created_at: str
    updated_at: str
    expires_at: str | None
    version: int
    quarantined: str | None = Field(None, description="Why the session can only be read; left out where it is well.")
    scan_policy: ScanPolicy | None
    agents_propose: bool
    branch_of: str | None = Field(None, description="The session that this one is a branch of.")


BranchStatus = Literal["open", "proposed", "merged", "rejected", "closed", "expired"]


class NewBranch(Shape):
    """A branch to try changes on; `message` says to whoever merges it what they are for."""

    title: Name | None = None
    message: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""


class BranchChange(Shape):
    """What is left out stays; `ready` tells the session's people that they may look at it."""

    title: Name | None = None
    message: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] | None = None
    ready: StrictBool | None = None


class MergeWanted(Shape):
    """The branch's version that was looked at: what came since is not merged unseen, it is an error."""

    version: int | None = Field(None, ge=0)


class Rejection(Shape):
    reason: Annotated[str, StringConstraints(max_length=DESCRIPTION_CHARS_MAX)] = ""


class BranchOut(Shape):
    """A branch: a session by its `id`, to be merged into the session `sessionId`. `version` is there where it was looked at."""

    id: str
    session_id: str
    title: str
    message: str
    status: BranchStatus
    author_id: str
    author_kind: str
    base_version: int
    version: int | None = None
    created_at: str
    proposed_at: str | None
    decided_at: str | None
    decided_by: str | None
    reason: str | None
    merged_version: int | None
    merged_branch_version: int | None
    expires_at: str | None


class BranchList(Shape):
    items: list[BranchOut]


class BranchDiff(Shape):
    """What merging changes in the session (or changed, or would have). `both`: files that the session changed meanwhile too, whose
    changes stay; `lost`: files changed here that are deleted there, and stay so."""

    branch: BranchOut
    version: int
    session_version: int
    author_ids: list[str]
    files: list[DifferenceOut]
    both: list[str]
    lost: list[str]
    before: list[FileOut] | None = None
    after: list[FileOut] | None = None


class SessionList(Shape):
    items: list[SessionOut]
    next_cursor: str | None


def timestamp(epoch_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return events.timestamp(epoch_ms / 1000)


def timestamp_or_none(epoch_ms: int | None) -> str | None:
    """The same for a time that may be missing."""
    return None if epoch_ms is None else timestamp(epoch_ms)


def epoch_ms(moment: datetime | None) -> int | None:
    """Back from a datetime with a zone to epoch milliseconds."""
    return None if moment is None else int(moment.timestamp() * 1000)
