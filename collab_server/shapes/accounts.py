"""Keys, their limits, and ways to sign in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from collab_server.shapes.base import NAME_CHARS_MAX, Moment, Money, Shape


class NewToken(Shape):
    """An API key for oneself, limited at will."""

    name: Annotated[str, StringConstraints(max_length=NAME_CHARS_MAX)] = ""
    scopes: list[Literal["edit", "propose", "run", "admin"]] = Field(default_factory=list)
    expires_at: Moment | None = None
    budget: Money | None = Field(None, description="What runs by this key may cost in a month, in dollars.")
    runs_per_minute: int | None = Field(None, ge=1, le=10_000, description="How many runs a minute it may start.")
    concurrent_runs: int | None = Field(None, ge=1, le=1000, description="How many of its runs may go on at once.")
    agent: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="The name of the agent that has the key: it acts for you, under its own name and colour."
    )


class KeyLimits(Shape):
    """What bounds an API key from now on; what is left out stays, null lifts it."""

    budget: Money | None = None
    runs_per_minute: int | None = Field(None, ge=1, le=10_000)
    concurrent_runs: int | None = Field(None, ge=1, le=1000)


class OwnLimits(Shape):
    """What an account lets itself spend in a month, in dollars; null: as much as its tier allows."""

    budget: Money | None


class Login(Shape):
    """A login token or an API key, for a browser cookie."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Join(Shape):
    """The secret of a share link (`ln_…`), for a token that is good in its session."""

    link: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
