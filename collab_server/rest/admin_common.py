"""What all routes of `/api/admin` share: who may ask, and how their lists are bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.responses import Response

from collab_server.principal import Principal
from collab_server.rest.common import Asker, Json
from collab_server.shapes.base import Number, Since


async def admin_of(who: Asker) -> Principal:
    """The admin who asks; everybody else gets the one uniform refusal."""
    return who.require_admin()


Admin = Annotated[Principal, Depends(admin_of)]
Search = Annotated[str | None, Query(alias="q", max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
From = Annotated[Since | None, Query(alias="from")]
Before = Annotated[Number | None, Query(description="Only what is older than this id.")]


def paged(items: Sequence[Mapping[str, Any]], limit: int, key: str = "id") -> Response:
    """A page of a list, and the `before` of the one that follows; a page that is not full is the last."""
    return Json({"items": items, "nextBefore": items[-1][key] if len(items) == limit else None})
