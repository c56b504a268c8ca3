"""Plans: what people and misfortune do to a session on several nodes, made of a seed, kept as a file when one fails.
How a step is carried out is the test's."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Where a plan that failed is written to; PLAN=<file> plays it again, PLAN_SEED=<number> makes one again.
FOLDER = Path(os.environ.get("PLAN_FOLDER", tempfile.gettempdir())) / "collab-plans"
# Every character that is typed is another one, so that each can be told afterwards: it is there once, or was deleted.
FIRST_CHARACTER = 0x4E00
WEIGHTS = {
    "type": 46, "delete": 14, "deliver": 14, "save": 5, "leave": 5, "join": 6, "cut": 3, "mend": 4, "kill": 2, "ask": 1,
}  # fmt: skip


@dataclass
class Plan:
    """`who`, `where` and `share` of a step are taken modulo what there is."""

    seed: int
    nodes: int
    clients: int
    steps: list[dict[str, Any]] = field(default_factory=list)


def make(seed: int, length: int) -> Plan:
    rng = random.Random(seed)
    plan = Plan(seed, rng.choice((2, 3)), rng.randrange(2, 6))
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    for kind in rng.choices(kinds, weights, k=length):
        who, where, share = rng.randrange(plan.clients), rng.randrange(plan.nodes), rng.random()
        plan.steps.append({"do": kind, "who": who, "where": where, "share": share, "count": rng.randrange(1, 5)})
    return plan


def seeds(default: int, variable: str) -> list[int]:
    """Fresh seeds for every run, so that many runs see many plans; as many as the variable says."""
    if "PLAN" in os.environ or "PLAN_SEED" in os.environ:
        return [int(os.environ.get("PLAN_SEED", "0"))]
    return [random.randrange(2**32) for _ in range(int(os.environ.get(variable, default)))]


def chosen(seed: int, length: int) -> Plan:
    """The plan of a seed, or the one in the file that PLAN names."""
    if "PLAN" in os.environ:
        return Plan(**json.loads(Path(os.environ["PLAN"]).read_text()))
    return make(seed, length)


@contextmanager
def kept_if_it_fails(plan: Plan, done: list[int]) -> Iterator[None]:
    """`done` holds the number of the step at hand; what comes after it had no part in the failure."""
    try:
        yield
    except BaseException as error:
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = FOLDER / f"{plan.seed}.json"
        kept = asdict(plan) | {"steps": plan.steps[: done[-1] + 1] if done else plan.steps}
        file.write_text(json.dumps(kept))
        error.add_note(f"the plan of seed {plan.seed} is kept: PLAN={file} plays it again")
        raise


@dataclass
class Typed:
    """What was typed and what was deleted, by everybody together."""

    inserted: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    def fresh(self, count: int) -> str:
        first = FIRST_CHARACTER + len(self.inserted)
        text = "".join(map(chr, range(first, first + count)))
        self.inserted.update(text)
        return text

    def check(self, text: str) -> None:
        """Every character that nobody deleted is there, once; nothing else is."""
        wanted = self.inserted - self.deleted
        missing, foreign = wanted - set(text), set(text) - wanted
        assert not missing, f"lost: {sorted(missing)}"
        assert not foreign, f"deleted, and back: {sorted(foreign)}"
        assert len(text) == len(wanted), "something is there twice"
