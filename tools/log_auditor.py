"""An auditor of a transparency log: remembers what it saw and refuses a log that forks. Pure.

It computes the root itself from every leaf hash, and also demands the consistency proof; a log that
shows two different histories fails one of them. The operator's certificate is pinned at first use.

It also keeps the anchors it saw: entries of the log that say where the other logs stood (audit,
who looked). Asked again later, those logs must still give the same root; one that was cut since, or
rewritten, or put back to an older copy, contradicts an anchor.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from wallet.log import merkle, signed_notes, transparency
from wallet.log.anchors import KEPT, MISSING
from wallet.log.anchors import START as FIRST_ANCHOR
from wallet.log.signed_notes import SignedNote

KEPT_ANCHORS = 20_000
"""The newest that are kept whole; of older ones every hundredth."""


class RefusedLog(Exception):
    """The log is not append-only, or its statements are not the operator's."""


@dataclass(frozen=True)
class Statement:
    """A checkpoint as the log served it."""

    size: int
    root: bytes
    signed: SignedNote

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Statement:
        """From the JSON of the API. Raises RefusedLog when note and members differ."""
        signed = SignedNote(
            text=answer["note"],
            signature=base64.b64decode(answer["signature"]).hex(),
            certificate=base64.b64decode(answer["certificate"]),
        )
        try:
            size, root = transparency.read_checkpoint(signed.text)
        except ValueError as fault:
            raise RefusedLog(str(fault)) from None
        if size != answer["size"] or root != base64.b64decode(answer["root"]):
            raise RefusedLog("the checkpoint says something else than its signed note")
        return cls(size, root, signed)


@dataclass(frozen=True)
class SeenAnchor:
    """What an anchor said when it was seen."""

    number: int
    at: str
    heads: int
    root: str


@dataclass
class Auditor:
    """What was seen so far: size, root, the certificate, every leaf hash, and the anchors."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    certificate: bytes | None = None
    leaves: list[bytes] = field(default_factory=list)
    anchors: list[SeenAnchor] = field(default_factory=list)
    newest_anchor: str = FIRST_ANCHOR
    """SHA-256 of the entry of the newest anchor."""

    def follow(
        self, statement: Statement, proof: Sequence[bytes], new_leaves: Sequence[bytes]
    ) -> None:
        """Take a newer checkpoint in. Raises RefusedLog and keeps the old state."""
        if not signed_notes.is_genuine(statement.signed, certificate=self.certificate):
            raise RefusedLog("the checkpoint is not signed by the operator seen first")
        if statement.size < self.size:
            raise RefusedLog(f"the log shrank from {self.size} to {statement.size}")
        if statement.size == self.size and statement.root != self.root:
            raise RefusedLog(f"two different logs of size {self.size}: it forked")
        if self.size and not merkle.verify_consistency(
            self.size, statement.size, self.root, statement.root, proof
        ):
            raise RefusedLog(f"the log after {self.size} is not a continuation: it forked")
        grown = [*self.leaves, *new_leaves]
        if merkle.root(len(grown), merkle.of_leaves(grown)) != statement.root:
            raise RefusedLog("the leaves do not give the root that was signed")
        self.size, self.root, self.leaves = statement.size, statement.root, grown
        self.certificate = statement.signed.certificate

    def take_anchor(self, data: str, position: int) -> SeenAnchor:
        """Take the next anchor in. Raises RefusedLog for one that is not in the log followed."""
        leaf = merkle.leaf_hash(data.encode())
        if not 0 <= position < self.size or self.leaves[position] != leaf:
            raise RefusedLog(f"an anchor is not entry {position} of the log")
        said = json.loads(data)
        number = self.anchors[-1].number + 1 if self.anchors else 1
        if (said.get("number"), said.get("previous")) != (number, self.newest_anchor):
            raise RefusedLog(f"anchor {number} does not follow the one seen before")
        seen = SeenAnchor(number, said["at"], said["heads"], said["root"])
        self.anchors = _thinned([*self.anchors, seen])
        self.newest_anchor = hashlib.sha256(data.encode()).hexdigest()
        return seen

    @staticmethod
    def compare(seen: SeenAnchor, leaves: Sequence[bytes]) -> None:
        """Raises RefusedLog when the logs no longer give what was anchored."""
        missing = sum(leaf == MISSING for leaf in leaves)
        if missing or len(leaves) != seen.heads:
            missing = missing or seen.heads - len(leaves)
            raise RefusedLog(f"anchor {seen.number}: {missing} logs were cut")
        if merkle.root(len(leaves), merkle.of_leaves(list(leaves))).hex() != seen.root:
            raise RefusedLog(f"anchor {seen.number}: a log was changed")

    @staticmethod
    def may_be_forgotten(seen: SeenAnchor, now: datetime | None = None) -> bool:
        """Whether the records an anchor speaks of may have served their time."""
        at = datetime.fromisoformat(seen.at)
        return (now or datetime.now(UTC)) - at > KEPT - timedelta(days=1)

    def dump(self) -> bytes:
        """For a file; `load` reads it."""
        return json.dumps(
            {
                "size": self.size,
                "root": self.root.hex(),
                "certificate": base64.b64encode(self.certificate or b"").decode(),
                "leaves": base64.b64encode(b"".join(self.leaves)).decode(),
                "anchors": [asdict(seen) for seen in self.anchors],
                "newest_anchor": self.newest_anchor,
            }
        ).encode()

    @classmethod
    def load(cls, data: bytes) -> Auditor:
        """What `dump` wrote."""
        stored = json.loads(data)
        leaves = base64.b64decode(stored["leaves"])
        size = merkle.HASH_SIZE
        return cls(
            size=stored["size"],
            root=bytes.fromhex(stored["root"]),
            certificate=base64.b64decode(stored["certificate"]) or None,
            leaves=[leaves[at : at + size] for at in range(0, len(leaves), size)],
            anchors=[SeenAnchor(**seen) for seen in stored.get("anchors", [])],
            newest_anchor=stored.get("newest_anchor", FIRST_ANCHOR),
        )


def _thinned(anchors: list[SeenAnchor]) -> list[SeenAnchor]:
    if len(anchors) <= 2 * KEPT_ANCHORS:
        return anchors
    older, newer = anchors[:-KEPT_ANCHORS], anchors[-KEPT_ANCHORS:]
    return [seen for seen in older if seen.number % 100 == 0] + newer
