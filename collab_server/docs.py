"""The API's own description: OpenAPI 3.1 at `/openapi.json` and a page to browse it at `/docs`.

It only describes; the routes stand in rest/.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, HTMLResponse, Response

from collab_server.errors import ActionError, NotFound
from collab_server.rest.common import PROBLEM_TYPE, Node
from collab_server.sealing import Unsealable
from crdt.model import DocumentError
from executor.admission import Refused
from executor.snapshot import Invalid as InvalidSnapshot

router = APIRouter(include_in_schema=False)

EXPECTED_ERRORS: tuple[type[Exception], ...] = (
    ActionError,
    DocumentError,
    Refused,
    InvalidSnapshot,
    Unsealable,
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>collab-server API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
START = "SwaggerUIBundle({url: '/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: true});\n"
KINDS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


@router.get("/docs")
async def docs() -> Response:
    return HTMLResponse(PAGE)


@router.get("/docs/{name}")
async def part(node: Node, name: str) -> Response:
    if name == "start.js":
        return Response(START, media_type="text/javascript")
    file = node.settings.web_root / "docs" / name
    if name not in KINDS or not file.is_file():
        raise NotFound("there is no such page")
    return FileResponse(file, media_type=KINDS[name], headers={"cache-control": "max-age=86400"})


def finish(app: FastAPI) -> None:
    """Say in the description what every call has in common: bearer tokens, or the browser's cookie."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            schemes = described.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes["bearer"] = {"type": "http", "scheme": "bearer", "description": "An API key (`ck_…`) or a JWT."}
            schemes["cookie"] = {"type": "apiKey", "in": "cookie", "name": "collab_session"}
            described["security"] = [{"bearer": []}, {"cookie": []}]
            for path in described["paths"].values():
                for operation in path.values():
                    _problems(operation)
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _problems(operation: dict[str, Any]) -> None:
    """A refusal is a problem, never plain JSON; who may say `If-Match` may hear that it does not."""
    answers = operation["responses"]
    refusals = [answer for status, answer in answers.items() if status == "default" or status >= "4"]
    for answer in refusals:
        if "application/json" in answer.get("content", {}):
            answer["content"] = {PROBLEM_TYPE: answer["content"]["application/json"]}
    if "default" in answers and any(one.get("name") == "If-Match" for one in operation.get("parameters", ())):
        answers["412"] = answers["default"] | {"description": "Somebody changed it meanwhile"}
