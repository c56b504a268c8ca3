"""Certificates are checked outside, by the gateway that makes every request: nothing here is read by anybody."""


def where():
    """A file that is there: who asks only looks whether it is."""
    return "/lib/python314.zip"


def contents():
    return ""
