"""Whom this machine trusts over TLS: its own authorities, a company's among them (`SSL_CERT_FILE` names others), and the usual public ones.

Which server is asked, and what for, is not known here.
"""

from __future__ import annotations

import functools
import ssl

import certifi


@functools.cache
def trusted() -> ssl.SSLContext:
    """For every client of ours: httpx by itself knows certifi's list alone, which has no authority of a company."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
