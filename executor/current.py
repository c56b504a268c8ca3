"""Which execution the work at hand is for, so that whatever is logged or measured below can say it."""

from contextvars import ContextVar

EXECUTION: ContextVar[str] = ContextVar("execution", default="")
