"""The bodies that REST and MCP take and give, in one place: camelCase outside, checked by pydantic.

The execution request and the execution events are executor's; nothing here does anything."""
