"""A circuit breaker: after repeated failures a call is refused at once instead of waiting again.

One per platform and worker, a circuit per call name. Closed → (failures in a row) → open → (time)
→ half open: one call may try; it closes the circuit or opens it again. A settings fault or a spent
quota trips a circuit by hand, for as long as trying cannot help.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from miniapp_bridge.errors import CircuitOpen

FAILURES_IN_A_ROW = 5
OPEN_SECONDS = 20.0


@dataclass
class _Circuit:
    failures: int = 0
    open_until: float = 0.0
    probing: bool = False


class Breaker:
    """Circuits by call name. `seconds` is a monotonic clock in seconds."""

    def __init__(
        self,
        *,
        failures: int = FAILURES_IN_A_ROW,
        open_seconds: float = OPEN_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._open_seconds = open_seconds
        self._seconds = seconds
        self._circuits: dict[str, _Circuit] = {}

    def admit(self, name: str) -> bool:
        """Let a call go out; True for the one that tries. Raises CircuitOpen while it is open."""
        circuit = self._circuits.get(name)
        if circuit is None or circuit.open_until == 0.0:
            return False
        left = circuit.open_until - self._seconds()
        if left > 0 or circuit.probing:
            raise CircuitOpen(retry_after=max(1, round(left)))
        circuit.probing = True
        return True

    def succeeded(self, name: str) -> None:
        self._circuits.pop(name, None)

    def failed(self, name: str) -> None:
        """Count a failure of transport; an answer with an error code is no failure."""
        circuit = self._circuits.setdefault(name, _Circuit())
        circuit.failures += 1
        if circuit.probing or circuit.failures >= self._failures:
            self._open(circuit, self._open_seconds)

    def left_undecided(self, name: str) -> None:
        """A probing call ended without telling anything (it was cancelled): another may probe."""
        circuit = self._circuits.get(name)
        if circuit is not None:
            circuit.probing = False

    def trip(self, name: str, *, seconds: float) -> None:
        """Open the circuit now: trying again before `seconds` have passed cannot help."""
        self._open(self._circuits.setdefault(name, _Circuit()), seconds)

    def open_circuits(self) -> dict[str, float]:
        """Name → seconds until it is tried again; for the operator's page."""
        now = self._seconds()
        return {
            name: circuit.open_until - now
            for name, circuit in self._circuits.items()
            if circuit.open_until > now
        }

    def _open(self, circuit: _Circuit, seconds: float) -> None:
        circuit.open_until = self._seconds() + seconds
        circuit.probing = False
