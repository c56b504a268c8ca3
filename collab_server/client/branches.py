"""The branches of sessions over REST: split one off, propose it, look at what it changes, decide.

A branch is a session by its id: `client.open(branch.id)` edits and runs in it.
"""

from __future__ import annotations

import secrets
from typing import Any

from pydantic import ConfigDict

from collab_server.client.http import Http
from collab_server.shapes.branches import BranchDiff, BranchOut


class Branch(BranchOut):
    """A branch as REST shows it: `id`, `session_id`, `title`, `status`, `version` and so on."""

    model_config = ConfigDict(extra="ignore")


class Proposal(BranchDiff):
    """What merging a branch changes: `files` with their `unified` differences, `both` and `lost`."""

    model_config = ConfigDict(extra="ignore")


class Branches:
    """`client.branches`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, session_id: str, title: str | None = None, message: str = "") -> Branch:
        """Split a branch off a session as it is now."""
        body = {"message": message} | ({} if title is None else {"title": title})
        headers = {"idempotency-key": secrets.token_hex(16)}
        answer = await self._http.request("POST", _place(session_id), json=body, headers=headers)
        return Branch.model_validate(answer.json())

    async def list(self, session_id: str, *, open_only: bool = False) -> list[Branch]:
        """The branches of a session, newest first."""
        answer = await self._http.request("GET", _place(session_id), params={"open": str(open_only).lower()})
        return [Branch.model_validate(item) for item in answer.json()["items"]]

    async def get(self, session_id: str, branch_id: str) -> Branch:
        """One branch, as it is now."""
        return Branch.model_validate((await self._http.request("GET", _place(session_id, branch_id))).json())

    async def propose(self, branch: BranchOut, *, title: str | None = None, message: str | None = None) -> Branch:
        """Say that people may look at it."""
        given = {"title": title, "message": message}
        body: dict[str, Any] = {"ready": True} | {key: value for key, value in given.items() if value is not None}
        place = _place(branch.session_id, branch.id)
        return Branch.model_validate((await self._http.request("PATCH", place, json=body, repeatable=True)).json())

    async def diff(self, branch: BranchOut) -> Proposal:
        """What merging it would change in its session now."""
        answer = await self._http.request("GET", _place(branch.session_id, branch.id, "/diff"))
        return Proposal.model_validate(answer.json())

    async def merge(self, proposal: Proposal) -> Branch:
        """Merge what was looked at; Conflict `stale` when the branch has changed since."""
        branch = proposal.branch
        return await self._post(branch, "/merge", {"version": proposal.version})

    async def reject(self, branch: BranchOut, reason: str = "") -> Branch:
        """Turn it down."""
        return await self._post(branch, "/reject", {"reason": reason})

    async def refresh(self, branch: BranchOut) -> Branch:
        """Take into it what its session got since."""
        return await self._post(branch, "/refresh", {})

    async def close(self, branch: BranchOut) -> Branch:
        """Give it up."""
        answer = await self._http.request("DELETE", _place(branch.session_id, branch.id), repeatable=False)
        return Branch.model_validate(answer.json())

    async def _post(self, branch: BranchOut, verb: str, body: dict[str, Any]) -> Branch:
        place = _place(branch.session_id, branch.id, verb)
        return Branch.model_validate((await self._http.request("POST", place, json=body)).json())


def _place(session_id: str, branch_id: str = "", rest: str = "") -> str:
    return f"/api/sessions/{session_id}/branches" + (f"/{branch_id}{rest}" if branch_id else "")
