"""Which language a file is written in, by its name: the one table of extensions.
What a language can do, and how it runs, never lives here."""

from __future__ import annotations

PLAIN_TEXT = "text"

LANGUAGE_BY_EXTENSION: dict[str, str] = {
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "mts": "typescript",
    "cts": "typescript",
    "tsx": "typescript",
    "py": "python",
    "pyi": "python",
    "rb": "ruby",
    "sh": "shell",
    "bash": "shell",
    "html": "html",
    "htm": "html",
    "css": "css",
    "sql": "sql",
    "lua": "lua",
    "php": "php",
    "pl": "perl",
    "pm": "perl",
    "cs": "csharp",
    "go": "go",
    "rs": "rust",
    "c": "c",
    "h": "c",
    "cc": "cpp",
    "cpp": "cpp",
    "hpp": "cpp",
    "java": "java",
    "json": "json",
    "md": "markdown",
    "markdown": "markdown",
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "xml": "xml",
    "svg": "xml",
    "csv": "csv",
    "txt": PLAIN_TEXT,
}


def language_of(name: str) -> str:
    """The language by the extension of `name`; plain text where it says nothing."""
    base = name.rpartition("/")[2]
    stem, dot, extension = base.rpartition(".")
    if not dot or not stem:
        return PLAIN_TEXT
    return LANGUAGE_BY_EXTENSION.get(extension.lower(), PLAIN_TEXT)
