"""Looks at source before it runs. It advises; what a running program may do is the sandbox's part, not the scan's.

The rules are data (`rules/<language>/*.yml`); the looking happens in worker processes that a budget ends.
"""

# Messages between scanner.py and the process of worker.py begin with their length.
LENGTH_BYTES = 4
