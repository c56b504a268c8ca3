"""HTTP for the program: http.client's connections end at the isolate's gateway, so urllib and what builds on it work as they are.
Nothing here judges an address: the gateway outside the isolate does, and its refusals are raised as errors."""

import http.client
import io
import json
import urllib.parse
import urllib.request
from http import HTTPStatus

_END_OF_CHUNKS = b"0\r\n\r\n"
# What was meant for one origin is not told to another, whatever a redirect says; as urllib's Request spells them.
_PRIVATE = ("Authorization", "Cookie")


class NetworkDeniedError(ConnectionError):
    """The address may not be reached from here."""

    __module__ = "builtins"


class NetworkLimitError(ConnectionError):
    """The run has used up what it may do on the network."""

    __module__ = "builtins"


_ERRORS = {"network_denied": NetworkDeniedError, "network_limit": NetworkLimitError}


def _error(text):
    said = json.loads(text)
    error = _ERRORS.get(said["code"], ConnectionError)(said["message"])
    error.code, error.host = said["code"], said["host"]
    return error


def _unchunked(body):
    whole = io.BytesIO(body)
    parts = []
    while size := int(whole.readline().split(b";")[0] or b"0", 16):
        parts.append(whole.read(size))
        whole.readline()
    return b"".join(parts)


class Line:
    """Looks like a connected socket. What is sent is read as a request; when it is whole, it is made."""

    def __init__(self, origin, ask):
        self._origin = origin
        self._ask = ask
        self._sent = b""
        self._answer = b""

    def sendall(self, data):
        self._sent += bytes(data)
        head, end, body = self._sent.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        known = {name.lower(): value for name, value in headers}
        if known.get("transfer-encoding", "").lower() == "chunked":
            if not body.endswith(_END_OF_CHUNKS):
                return
            body = _unchunked(body)
        elif len(body) < int(known.get("content-length") or 0):
            return
        method, target, _ = first.split(" ", 2)
        self._sent = b""
        self._answer = self._ask(method, target if target.startswith(("http://", "https://")) else self._origin + target, headers, body)

    def makefile(self, *_args, **_options):
        return io.BytesIO(self._answer)

    def _nothing(self, *_args, **_options):
        pass

    close = settimeout = setsockopt = shutdown = _nothing


def _text_of(status, reason, headers, body):
    skipped = {"content-length", "transfer-encoding", "connection"}
    lines = [f"HTTP/1.1 {status} {reason or HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in skipped]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1", "replace") + body


def _origin(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _discreet(redirected):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        request = redirected(self, req, fp, code, msg, headers, newurl)
        if request is not None and _origin(newurl) != _origin(req.full_url):
            for name in _PRIVATE:
                request.headers.pop(name, None)
        return request

    return redirect_request


def install(bridge, run_sync, can_run_sync, to_js):
    def ask(method, url, headers, body):
        if not can_run_sync():
            raise OSError("the network cannot be waited for here; use pyodide.http.pyfetch")
        answer = run_sync(bridge.request(method, url, json.dumps(headers), to_js(body)))
        if answer.error:
            raise _error(answer.error)
        return _text_of(answer.status, answer.reason, json.loads(answer.headers), answer.body.to_bytes())

    def connecting(scheme):
        def connect(self):
            host = f"[{self.host}]" if ":" in self.host else self.host
            self.sock = Line(f"{scheme}://{host}:{self.port}", ask)

        return connect

    handler = urllib.request.HTTPRedirectHandler
    handler.redirect_request = _discreet(handler.redirect_request)
    http.client.HTTPConnection.connect = connecting("http")
    http.client.HTTPSConnection.connect = connecting("https")
