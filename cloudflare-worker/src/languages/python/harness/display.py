"""Rich values as MIME bundles, by the conventions of Jupyter.
Nothing here decides whether a bundle is shown; it is data for a sandboxed frame."""

import base64

from _session.outcome import plain, short_repr

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
_METHODS = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_latex_", "text/latex"),
    ("_repr_json_", "application/json"),
)


def _data(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    return value if isinstance(value, str) else plain(value)


def rich(value):
    """The bundle of a value that has one, else None. A failing representation is left out."""
    if isinstance(value, type):
        return None
    if isinstance(value, bytes) and value.startswith((PNG, JPEG)):
        return {"image/png" if value.startswith(PNG) else "image/jpeg": _data(value)}
    kind = type(value)
    mime = {}
    if hasattr(kind, "_repr_mimebundle_"):
        made = value._repr_mimebundle_()
        made = made[0] if isinstance(made, tuple) else made
        if isinstance(made, dict):
            mime.update({str(name): _data(item) for name, item in made.items() if item is not None})
    for method, name in _METHODS:
        if name not in mime and hasattr(kind, method):
            made = getattr(value, method)()
            made = made[0] if isinstance(made, tuple) else made
            if made is not None:
                mime[name] = _data(made)
    if mime and "text/plain" not in mime:
        mime["text/plain"] = short_repr(value)
    return mime or None


def bundle(value):
    return rich(value) or {"text/plain": value if isinstance(value, str) else short_repr(value)}
