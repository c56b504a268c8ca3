"""Registers the fixtures that all test folders share.
Fixtures themselves live in tests/support."""

pytest_plugins = ["tests.support.redis_server", "tests.support.postgres_server", "tests.support.forge"]
