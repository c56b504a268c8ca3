"""Packages that a program brings along as wheels among its files, and what is said of packages that are not there.
Nothing is downloaded, and what a wheel holds is the program's own code."""
# ruff: noqa: PTH110, PTH113, PTH118

import importlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import zipfile
from types import ModuleType

# Not below /lib: code that lies there is trusted.
FOLDER = "/packages"
WHEEL = ".whl"
PURE = "-none-any.whl"
_COMPILED = "is compiled code that is not part of this Python"
_DESKTOP = "needs a screen of its own"
_PURE_HINT = "is not part of Python: add its pure-Python wheel (…-none-any.whl) to the session's files"
_HINTS = {
    "numpy": f"{_COMPILED}; math, statistics, array and fractions are here",
    "pandas": f"{_COMPILED}; csv, sqlite3 and collections are here",
    "matplotlib": f"{_COMPILED}; display({{'image/svg+xml': …}}) shows a picture",
    **dict.fromkeys(
        ("scipy", "sklearn", "torch", "tensorflow", "keras", "cv2", "PIL", "lxml", "cryptography", "psycopg2", "polars", "seaborn", "statsmodels", "numba", "pydantic_core"),
        _COMPILED,
    ),
    **dict.fromkeys(("tkinter", "turtle", "pygame", "curses", "PyQt5", "PyQt6", "PySide6", "wx", "kivy"), _DESKTOP),
    **dict.fromkeys(
        ("httpx", "flask", "django", "bs4", "yaml", "attr", "rich", "click", "pytest", "jinja2", "sympy", "networkx", "dateutil", "pytz", "tqdm", "six", "tabulate", "toml", "markdown", "faker"),
        _PURE_HINT,
    ),
}  # fmt: skip


def _unpack(path):
    """Makes a wheel's packages importable; answers why it cannot, or None."""
    name = os.path.basename(path)
    if not name.endswith(PURE):
        return f"{name} is built for another platform: only pure-Python wheels (…{PURE}) can be used here"
    try:
        with zipfile.ZipFile(path) as wheel:
            wheel.extractall(FOLDER)
    except (OSError, zipfile.BadZipFile) as error:
        return f"{name} cannot be read: {error}"
    if FOLDER not in sys.path:
        sys.path.append(FOLDER)
    sys.path_importer_cache.pop(FOLDER, None)
    importlib.invalidate_caches()
    return None


_faults = []


def install_wheels(root, names):
    """Every wheel among the session's files; what is wrong with one is said when an import fails."""
    _faults[:] = [fault for name in names if name.endswith(WHEEL) and (fault := _unpack(root + name))]


def explain(error):
    """Tells more of a module that was not found, when more is known."""
    name = error.name
    if not isinstance(name, str) or error.msg != f"No module named {name!r}":
        return
    top = name.partition(".")[0]
    hint = _HINTS.get(top)
    if hint is not None:
        error.msg += f": {top} {hint}"
    elif top in (fault.partition("-")[0].lower() for fault in _faults):
        error.msg += ": " + "; ".join(fault for fault in _faults if fault.lower().startswith(top))
    error.args = (error.msg,)


async def install(requirements, *_args, **_options):
    """Installs wheels of the session by their file names; everything else has to be here already."""
    for wanted in [requirements] if isinstance(requirements, str) else list(requirements):
        if wanted.endswith(WHEEL):
            path = wanted.removeprefix("emfs:")
            fault = _unpack(path) if os.path.isfile(path) else f"there is no file {wanted!r} in the session"
            if fault:
                raise ValueError(fault)
            continue
        name = re.split(r"[\s\[<>=!~;@]", wanted.strip(), maxsplit=1)[0]
        if importlib.util.find_spec(name.replace("-", "_")) is None:
            raise ValueError(f"cannot install {wanted!r}: nothing is downloaded here. Add its pure-Python wheel (…{PURE}) to the session's files")


def listed():
    return {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()}


_micropip = ModuleType("micropip", "Installs pure-Python wheels of the session; nothing is downloaded.")
_micropip.install = install
_micropip.list = listed
sys.modules["micropip"] = _micropip
