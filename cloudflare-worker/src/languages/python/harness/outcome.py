"""What a finished program says of itself: its value as JSON, its error with the lines of the user's own files.
Nothing here runs the program."""

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import linecache
import math
import pathlib
import re
import traceback
import uuid

HARNESS = ("<session ", "/lib/python314.zip/_pyodide/", "/lib/python314.zip/pyodide/")
DEPTH_MAX = 24
NODES_MAX = 20_000
TEXT_CHARS_MAX = 200_000
REPR_CHARS_MAX = 10_000
RESULT_CHARS_MAX = 1_000_000
STACK_CHARS_MAX = 20_000
SAFE_INTEGER_MAX = 2**53 - 1


# A metaclass may say anything, or raise, where a class is asked for its name.
_name_of = type.__dict__["__name__"].__get__


def _refuse(value):
    raise TypeError(_name_of(type(value)))


# Not json.dumps(): what a program makes of that module is the program's.
_json_parts = json.encoder.c_make_encoder(None, _refuse, json.encoder.encode_basestring_ascii, None, ": ", ", ", False, False, False)


def short_repr(value):
    try:
        text = repr(value)
    except BaseException as error:
        text = f"<{_name_of(type(value))} whose repr() raised {_name_of(type(error))}>"
    return text if len(text) <= REPR_CHARS_MAX else text[:REPR_CHARS_MAX] + "…"


class _Plain:
    """A value as JSON: bounded in depth and size, never raising because of the value."""

    def __init__(self):
        self.nodes = 0
        self.open = set()

    def convert(self, value, depth=0):
        self.nodes += 1
        if self.nodes > NODES_MAX or depth > DEPTH_MAX:
            return "…"
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX else short_repr(value)
        if kind is float:
            return value if math.isfinite(value) else repr(value)
        if kind is str:
            text = value if len(value) <= TEXT_CHARS_MAX else value[:TEXT_CHARS_MAX] + "…"
            return text.encode("utf-8", "replace").decode()
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth + 1)
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, complex)):
            return str(value)
        if id(value) in self.open:
            return "…"
        self.open.add(id(value))
        try:
            return self._compound(value, depth)
        finally:
            self.open.discard(id(value))

    def _compound(self, value, depth):
        if isinstance(value, dict):
            return {self._key(key): self.convert(item, depth + 1) for key, item in list(value.items())[: NODES_MAX + 1]}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: self.convert(getattr(value, field.name, None), depth + 1) for field in dataclasses.fields(value)}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {name: self.convert(item, depth + 1) for name, item in zip(value._fields, value, strict=False)}
        if isinstance(value, (list, tuple)):
            return [self.convert(item, depth + 1) for item in value[: NODES_MAX + 1]]
        if isinstance(value, (set, frozenset)):
            try:
                ordered = sorted(value)
            except TypeError:
                ordered = list(value)
            return [self.convert(item, depth + 1) for item in ordered[: NODES_MAX + 1]]
        if isinstance(value, int):
            return self.convert(int(value), depth)
        if isinstance(value, float):
            return self.convert(float(value), depth)
        if isinstance(value, str):
            return self.convert(str.__str__(value), depth)
        return short_repr(value)

    def _key(self, key):
        return key if type(key) is str else short_repr(key) if not isinstance(key, (int, float, bool)) else str(key)


def plain(value):
    try:
        converted = _Plain().convert(value)
        return converted if len(encode(converted)) <= RESULT_CHARS_MAX else short_repr(value)
    except BaseException:
        return short_repr(value)


def _kept(stack, root):
    """The frames from the user's first one on, without the harness's."""
    frames = [frame for frame in stack if not frame.filename.startswith(HARNESS)]
    own = next((i for i, frame in enumerate(frames) if frame.filename.startswith(root)), None)
    if own is None:
        return [frame for frame in frames if not frame.filename.startswith("/lib/python314.zip/ast.py")]
    return frames[own:]


def _clean(report, root):
    """Drops the harness's frames and shows the session's files by their own names, through the whole chain."""
    seen = set()
    waiting = [report]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if one.stack is not None:
            kept = _kept(one.stack, root)
            for frame in kept:
                if frame.filename.startswith(root):
                    _ = frame.line  # reads the source line while the name still leads to the file
                    frame.filename = frame.filename[len(root) :]
            one.stack = traceback.StackSummary.from_list(kept) if kept else None
        filename = getattr(one, "filename", None)
        if isinstance(filename, str) and filename.startswith(root):
            one.filename = filename[len(root) :]
        waiting += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]


def _place(error, root):
    if isinstance(error, SyntaxError) and isinstance(error.filename, str) and error.filename.startswith(root):
        return error.filename[len(root) :], error.lineno
    place = (None, None)
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith(root):
            place = (filename[len(root) :], trace.tb_lineno)
        trace = trace.tb_next
    return place


def _bounded(text, most):
    return text if len(text) <= most else text[:most] + "…"


def describe(error, root):
    """A RunError of the wire; whatever a hostile exception does, this answers."""
    kind = _name_of(type(error))
    found = {"type": kind, "message": "", "stack": ""}
    try:
        found["message"] = _bounded(str(error.msg if isinstance(error, SyntaxError) else error), REPR_CHARS_MAX)
    except BaseException:
        found["message"] = f"<{kind} whose str() failed>"
    file = line = None
    try:
        file, line = _place(error, root)
        linecache.checkcache()
        report = traceback.TracebackException.from_exception(error, limit=-60, compact=True)
        _clean(report, root)
        found["stack"] = _bounded("".join(report.format()), STACK_CHARS_MAX)
    except BaseException:
        found["stack"] = f"{kind}: {found['message']}"
    if isinstance(line, int):
        found["line"] = line
    if isinstance(file, str):
        found["file"] = file
    return {key: _printable(item) for key, item in found.items()}


_SURROGATES = re.compile("[\ud800-\udfff]")


def _printable(item):
    return _SURROGATES.sub("\ufffd", item) if isinstance(item, str) else item


def encode(value):
    return "".join(_json_parts(value, 0))
