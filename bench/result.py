"""What every bench gives, and how it is printed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """One figure and the limit it is held against, both in `unit` and from the same run."""

    bench: str
    figure: float
    unit: str
    limit: float
    limit_is: str
    """What the limit is: the cheapest thing that can do the job here."""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.figure / self.limit if self.limit else 0.0

    def line(self) -> str:
        """One JSON object on one line."""
        values = {**asdict(self), "ratio": self.ratio}
        order = ("bench", "figure", "unit", "limit", "ratio", "limit_is", "details")
        return json.dumps({name: rounded(values[name]) for name in order}, ensure_ascii=False)

    def text(self) -> str:
        rows = [
            f"{self.bench}: {self.figure:,.1f} {self.unit}",
            f"  limit {self.limit:,.1f} ({self.limit_is}), ratio {self.ratio:.3f}",
        ]
        rows += [f"  {name}: {rounded(value)}" for name, value in self.details.items()]
        return "\n".join(rows)


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    return value


def per_cpu_second(work: Callable[[], object], *, seconds: float = 1.0, rounds: int = 3) -> float:
    """Calls of `work` per second of our own CPU time, best of `rounds`.

    CPU time, because another program on the machine moves the wall clock but not this.
    """
    best = 0.0
    work()
    for _ in range(rounds):
        count, began = 0, time.process_time()
        while (spent := time.process_time() - began) < seconds / rounds:
            work()
            count += 1
        best = max(best, count / spent)
    return best


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
