"""REST under `/api`: each route parses, calls one action and answers; the routes stand by noun."""

from fastapi import APIRouter

from collab_server.rest import (
    admin,
    branches,
    comments,
    environments,
    executions,
    files,
    history,
    invoices,
    me,
    scans,
    secrets,
    sessions,
    webhooks,
)

router = APIRouter(prefix="/api")
for part in (
    sessions,
    files,
    branches,
    comments,
    history,
    environments,
    secrets,
    executions,
    scans,
    me,
    invoices,
    webhooks,
    admin,
):
    router.include_router(part.router)

__all__ = ["router"]
