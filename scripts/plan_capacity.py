"""How many processors and how much memory a load needs, from costs that were measured (docs/scaling.md).

    .venv/bin/python scripts/plan_capacity.py --people 20000 --people-per-session 2 --runs-per-minute 3000

The costs below are those of one machine; `collab-server bench` measures another, and every one of them can be given.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Costs:
    """Of one of each: processor time in seconds, memory in bytes."""

    # A change that comes in: checked, applied, logged, told to Redis.
    change_s: float = 65e-6
    # The same change written to one more socket.
    delivery_s: float = 17e-6
    # One member's presence told to one other; they are gathered and sent together.
    presence_s: float = 0.8e-6
    run_s: float = 0.1
    room_bytes: float = 53e3
    connection_bytes: float = 31e3
    process_bytes: float = 160e6
    run_bytes: float = 75e6


@dataclass(frozen=True)
class Load:
    """People are those who have a session open; `typing` of them type at any moment."""

    people: float
    people_per_session: float = 2.0
    typing: float = 0.2
    changes_per_s: float = 5.0
    runs_per_minute: float = 0.0
    run_length_s: float = 1.0
    document_bytes: float = 50e3


# A process that is busier than this answers late; a machine as busy has nothing left for one that fails.
BUSY_MAX = 0.5
GIB = 2**30


@dataclass(frozen=True)
class Plan:
    """What the load takes; processors and memory with `BUSY_MAX` kept."""

    changes_per_s: float
    deliveries_per_s: float
    sync_processors: float
    run_processors: float
    serve_processes: int
    memory_gib: float


def plan(load: Load, costs: Costs) -> Plan:
    rooms = load.people / load.people_per_session
    changes = load.people * load.typing * load.changes_per_s
    deliveries = changes * max(load.people_per_session - 1, 0)
    presence = load.people * load.typing * max(load.people_per_session - 1, 0)
    sync = changes * costs.change_s + deliveries * costs.delivery_s + presence * costs.presence_s
    runs_per_s = load.runs_per_minute / 60
    running = runs_per_s * max(load.run_length_s, costs.run_s)
    processes = max(1, math.ceil(sync / BUSY_MAX))
    memory = (
        rooms * (costs.room_bytes + load.document_bytes)
        + load.people * costs.connection_bytes
        + processes * costs.process_bytes
        + running * costs.run_bytes
    )
    return Plan(
        changes_per_s=changes,
        deliveries_per_s=deliveries,
        sync_processors=sync / BUSY_MAX,
        run_processors=runs_per_s * costs.run_s / BUSY_MAX,
        serve_processes=processes,
        memory_gib=memory / GIB,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in (Load, Costs):
        for field in fields(kind):
            required = field.name == "people"
            parser.add_argument(
                f"--{field.name.replace('_', '-')}", type=float, required=required,
                default=None if required else field.default, metavar="N",
            )  # fmt: skip
    given = vars(parser.parse_args())
    made = plan(*(kind(**{field.name: given[field.name] for field in fields(kind)}) for kind in (Load, Costs)))
    for name, value in vars(made).items():
        print(f"{name.replace('_', ' '):20} {value:12,.1f}" if isinstance(value, float) else f"{name:20} {value:12,}")


if __name__ == "__main__":
    main()
