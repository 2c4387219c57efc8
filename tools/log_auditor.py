"""An auditor of a transparency log: remembers what it saw and refuses a log that forks. Pure.

It computes the root itself from every leaf hash, and also demands the consistency proof; a log that
shows two different histories fails one of them. The operator's certificate is pinned at first use.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wallet import merkle, notes, transparency
from wallet.notes import SignedNote


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


@dataclass
class Auditor:
    """What was seen so far: size, root, the certificate, and every leaf hash."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    certificate: bytes | None = None
    leaves: list[bytes] = field(default_factory=list)

    def follow(
        self, statement: Statement, proof: Sequence[bytes], new_leaves: Sequence[bytes]
    ) -> None:
        """Take a newer checkpoint in. Raises RefusedLog and keeps the old state."""
        if not notes.is_genuine(statement.signed, certificate=self.certificate):
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

    def dump(self) -> bytes:
        """For a file; `load` reads it."""
        return json.dumps(
            {
                "size": self.size,
                "root": self.root.hex(),
                "certificate": base64.b64encode(self.certificate or b"").decode(),
                "leaves": base64.b64encode(b"".join(self.leaves)).decode(),
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
        )
