"""Where events are sent to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from collab_server.shapes.base import Moment, Shape

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


class Replayed(Shape):
    """From when on."""

    since: Moment
