"""Traces by OpenTelemetry, where the extra `otel` is installed and its own variables say where they go; else nothing is done.

One tree from the request or message that asked, through scan, reservation, queue and Worker, to the settlement.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from starlette.types import Scope

from executor.tracing import NoTracer, Tracer

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# OpenTelemetry's own variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), read by its SDK.
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SERVICE = "collab-server"
TRACED = ("/api/", "/mcp")


class Answered(Protocol):
    """The span of a request: told what became of it."""

    def answered(self, name: str, status: int) -> None: ...


class Tracing(Tracer, Protocol):
    """Also for what comes over HTTP."""

    def request(self, scope: Scope) -> AbstractContextManager[Answered]:
        """The span of an HTTP request, below the caller's where its headers say so."""
        ...

    def resumed(self, state: Any) -> AbstractContextManager[object]:
        """Below the span of the request with this state, in whatever task."""
        ...

    async def close(self) -> None: ...


class _Unmeasured:
    def answered(self, name: str, status: int) -> None:
        pass


class NoTracing(NoTracer):
    def __init__(self) -> None:
        super().__init__()
        self._request: AbstractContextManager[Answered] = nullcontext(_Unmeasured())

    def request(self, scope: Scope) -> AbstractContextManager[Answered]:
        return self._request

    def resumed(self, state: Any) -> AbstractContextManager[object]:
        return self._nothing

    async def close(self) -> None:
        pass


def installed() -> bool:
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None


def endpoint() -> str | None:
    """Where traces go; None: nobody asked for them."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return None if off else next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)


def tracing() -> Tracing:
    """As the environment says."""
    return OpenTelemetry() if endpoint() is not None and installed() else NoTracing()


class OpenTelemetry:
    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before what is given here.
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: SERVICE}
        self._provider = TracerProvider(resource=Resource.create(named))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        # What went wrong is told where it is told anyway; a message may quote what somebody wrote.
        return self._tracer.start_as_current_span(name, attributes=attributes, record_exception=False)

    def headers(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Answered]:
        from opentelemetry import context
        from opentelemetry.trace import SpanKind

        if not scope["path"].startswith(TRACED):
            yield _Unmeasured()
            return
        carrier = {
            key.decode("latin-1"): value.decode("latin-1")
            for key, value in scope["headers"]
            if key in (b"traceparent", b"tracestate")
        }
        above = self._propagator.extract(carrier)
        with self._tracer.start_as_current_span(
            scope["method"], context=above, kind=SpanKind.SERVER, record_exception=False
        ) as span:
            scope.setdefault("state", {})["trace"] = context.get_current()
            yield _Request(scope["method"], span)

    @contextmanager
    def resumed(self, state: Any) -> Iterator[object]:
        from opentelemetry import context

        found = getattr(state, "trace", None)
        if found is None:
            yield None
            return
        token = context.attach(found)
        try:
            yield None
        finally:
            context.detach(token)

    async def close(self) -> None:
        """What was not sent yet goes now; it may take as long as the exporter is allowed to."""
        await asyncio.to_thread(self._provider.shutdown)


class _Request:
    def __init__(self, method: str, span: Span) -> None:
        self._method = method
        self._span = span

    def answered(self, name: str, status: int) -> None:
        self._span.update_name(f"{self._method} {name}")
        self._span.set_attribute("http.request.method", self._method)
        self._span.set_attribute("http.route", name)
        self._span.set_attribute("http.response.status_code", status)
