"""The holder's log as a file that proves itself, and the check of such a file.

The check needs nothing of ours but the operator's certificate: it is what a court or a journalist
would run (`python manage.py check-export FILE`).
"""

import base64
from typing import Any
from uuid import UUID

from core import clock
from identity.principal import Principal
from wallet.log import merkle, signed_days, signed_notes
from wallet.log.access_log import START, content_of, digest_of
from wallet.log.signed_notes import SignedNote
from wallet.log_models import UseHead, UseRecord

FORMAT = "yunjian-use-log/1"


class BrokenExport(Exception):
    """The file is not what was exported; the message says where."""


async def export(*, by: Principal) -> dict[str, Any]:
    """Everything in the caller's log, with the signed days it is part of."""
    subject_id = by.applicant_id
    head = await UseHead.get_or_none(subject_id=subject_id)
    rows = await UseRecord.filter(subject_id=subject_id).order_by("n")
    return {
        "format": FORMAT,
        "subject": str(subject_id),
        "exported_at": clock.now().isoformat(timespec="seconds"),
        "base": {"n": head.base_n, "digest": head.base_digest}
        if head
        else {"n": 0, "digest": START},
        "records": [{**content_of(row), "digest": row.digest} for row in rows],
        "days": [_day(proof) for proof in await signed_days.proofs_for(subject_id)],
    }


def check(exported: dict[str, Any], *, certificate: bytes | None = None) -> int:
    """The number of records of a whole and genuine file. Raises BrokenExport. Pure."""
    try:
        digests = _follow(exported)
        for day in exported["days"]:
            _check_day(day, UUID(exported["subject"]), digests, certificate)
    except (KeyError, TypeError, ValueError) as fault:
        raise BrokenExport(f"the file is not complete: {fault}") from None
    return len(exported["records"])


def _follow(exported: dict[str, Any]) -> dict[int, str]:
    if exported["format"] != FORMAT:
        raise BrokenExport("another format")
    n, previous = int(exported["base"]["n"]), exported["base"]["digest"]
    digests: dict[int, str] = {}
    for stored in exported["records"]:
        n += 1
        content = {key: value for key, value in stored.items() if key != "digest"}
        fits = content["n"] == n and content["previous"] == previous
        if not fits or content["subject"] != exported["subject"]:
            raise BrokenExport(f"record {n} does not follow the one before")
        if digest_of(content) != stored["digest"]:
            raise BrokenExport(f"record {n} was changed")
        digests[n] = previous = stored["digest"]
    return digests


def _check_day(
    day: dict[str, Any], subject_id: UUID, digests: dict[int, str], certificate: bytes | None
) -> None:
    n = day["n"]
    known = digests.get(n)
    if known is None and digests and n > max(digests):
        raise BrokenExport(f"records up to {n} were signed on {day['day']} and are missing")
    if known is not None and known != day["digest"]:
        raise BrokenExport(f"record {n} is not the one that was signed on {day['day']}")
    signed = SignedNote(
        text=day["note"],
        signature=day["signature"],
        certificate=base64.b64decode(day["certificate"]),
    )
    if not signed_notes.is_genuine(signed, certificate=certificate):
        raise BrokenExport(f"the signature of {day['day']} is not the operator's")
    origin, name, size, root, *_ = signed.text.split("\n")
    leaf = merkle.leaf_hash(f"{subject_id}\n{n}\n{day['digest']}\n".encode())
    path = [bytes.fromhex(step) for step in day["path"]]
    proven = merkle.verify_inclusion(leaf, day["position"], int(size), path, bytes.fromhex(root))
    if (origin, name) != (signed_days.ORIGIN, day["day"]) or not proven:
        raise BrokenExport(f"the head is not part of the root of {day['day']}")


def _day(proof: signed_days.DayProof) -> dict[str, Any]:
    return {
        "day": proof.day.isoformat(),
        "n": proof.n,
        "digest": proof.digest,
        "position": proof.position,
        "path": [step.hex() for step in proof.path],
        "note": proof.signed.text,
        "signature": proof.signed.signature,
        "certificate": base64.b64encode(proof.signed.certificate).decode(),
    }
