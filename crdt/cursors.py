"""Where a cursor stands, in the words of editors: from lines or offsets to places that move with the text.
Whose cursor it is, and who is told, is presence's."""

from __future__ import annotations

from typing import Any

from crdt.document import Document


def placed(document: Document, cursor: Any) -> Any:
    """`{fileId, line, column}` (from 1), `{fileId, offset}` or `{fileId, start, end}` (code points) with the `anchor` and the
    `head` that editors draw; anything else as it is."""
    if (
        not isinstance(cursor, dict)
        or not isinstance(cursor.get("fileId"), str)
        or isinstance(cursor.get("head"), dict)
    ):
        return cursor
    span = _span(document, cursor)
    if span is None:
        return cursor
    anchor, head = (document.place(cursor["fileId"], offset) for offset in span)
    return cursor if anchor is None or head is None else {**cursor, "anchor": anchor, "head": head}


def _span(document: Document, cursor: dict[str, Any]) -> tuple[int, int] | None:
    given = {key: cursor[key] for key in ("line", "column", "offset", "start", "end") if type(cursor.get(key)) is int}
    if "start" in given and "end" in given:
        return given["start"], given["end"]
    if "offset" in given:
        return given["offset"], given["offset"]
    if "line" in given:
        offset = document.offset_of(cursor["fileId"], given["line"], given.get("column", 1))
        return None if offset is None else (offset, offset)
    return None
