"""核验 for enterprises: the seals of a document they hold, or values they were given.

A document of ours is also compared with what was issued and with the licence's state today. Nothing
about a person is answered that the caller did not send.
"""

import asyncio
import hashlib
import html
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from tortoise.exceptions import IntegrityError

from core import clock, database, offload
from core.data import once
from core.files.blobs import digest_of
from core.protection import audit
from identity.log_in import guesses
from identity.principal import Principal
from signing import SealReport, TrustList
from signing import Verdict as SealVerdict
from signing import verify_document as verify_seal
from signing.errors import MalformedData
from signing.pdf import is_pdf
from wallet.check.at_counter import stored_verdict
from wallet.errors import RequestKeyReused, UnreadableDocument, VerificationNotFound
from wallet.log import access_log
from wallet.log_models import UseKind
from wallet.models import Licence, Verification, VerificationKind
from wallet.register import status, taken_in
from wallet.seal.checks import checks_of, doubts
from wallet.types import catalogue, verdict
from wallet.types import identifier as identifiers
from wallet.types.verdict import Check, Outcome, Reason, Verdict

_IDENTIFIER = re.compile(r'Name="ZZBS"\s*>\s*([0-9A-Z.]{1,120})\s*<')
_DIFFERENT = ("没有与所填信息一致的证照", "请核对证照标识、编号和持证主体后再试")


MISSES_A_DAY = 10
"""Wrong values a caller may send about one licence."""


@dataclass(frozen=True, kw_only=True)
class LicenceStatus:
    """What our register says of the licence a document claims to be."""

    name: str
    identifier: str
    state: str
    state_text: str
    valid_to: str | None


@dataclass(frozen=True, kw_only=True)
class DocumentAnswer:
    """What the enterprise is told."""

    id: UUID
    at: datetime
    digest: str
    """SHA-256 of the posted bytes."""
    verdict: Verdict
    signatures: tuple[Mapping[str, Any], ...]
    licence_status: LicenceStatus | None


@dataclass(frozen=True, kw_only=True)
class ValuesAnswer:
    """Whether the values belong to a licence in force."""

    id: UUID
    at: datetime
    verdict: Verdict
    state: str | None
    state_text: str | None


async def verify_document(
    data: bytes,
    *,
    by: Principal,
    trust: TrustList,
    purpose: str = "",
    request_key: str | None = None,
) -> DocumentAnswer:
    """Check every seal of an OFD or PDF, and the licence's state if it is one of ours.

    The same request key with the same bytes gets the first answer again. Raises
    UnreadableDocument for what is neither, RequestKeyReused for other bytes under a used key.
    """
    digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
    before = await _answered(by, request_key, digest)
    if before is not None:
        return before
    now = clock.now()
    try:
        report, claimed = await offload.desk.run(_inspect, data, trust, now)
    except MalformedData:
        raise UnreadableDocument() from None
    checks = checks_of(report)
    licence = await _claimed_licence(claimed)
    licence_status = None
    if licence is not None:
        issued = _register_checks(licence, await digest_of(data), now)
        checks += [*issued, *await doubts(licence)]
        licence_status = _status(licence, now)
    result = verdict.combine(checks)
    report_data = {"signatures": [_plain(signature.to_dict()) for signature in report.signatures]}
    try:
        row = await _write(
            VerificationKind.DOCUMENT,
            result,
            by=by,
            at=now,
            purpose=purpose,
            licence=licence,
            digest=digest,
            request_key=request_key,
            report={**report_data, "licence_status": _status_data(licence_status)},
        )
    except IntegrityError:
        before = await _answered(by, request_key, digest)
        if before is None:
            raise
        return before
    return _document_answer(row)


async def get_document_answer(verification_id: UUID, *, by: Principal) -> DocumentAnswer:
    """An earlier answer of the same caller, or VerificationNotFound."""
    row = await Verification.get_or_none(
        id=verification_id, kind=VerificationKind.DOCUMENT, reader=by.actor
    )
    if row is None:
        raise VerificationNotFound()
    return _document_answer(row)


async def verify_values(
    *,
    identifier: str,
    number: str,
    holder_name: str,
    by: Principal,
    purpose: str = "",
    asked: once.Asked | None = None,
) -> ValuesAnswer:
    """Whether these three belong together, and whether the licence is in force today.

    An unknown identifier and a wrong name are answered alike, so that nothing can be guessed; of
    wrong answers about one identifier a caller gets a few a day. Raises TooManyGuesses.
    """
    now, guess = clock.now(), f"{by.actor}/{identifier.strip().upper()}"
    await guesses.spend(guess, limit=MISSES_A_DAY)
    licence = await Licence.get_or_none(identifier=identifier.strip().upper())
    if licence is None or (licence.number, licence.holder_name) != (
        number.strip(),
        holder_name.strip(),
    ):
        licence = None
        title, following = _DIFFERENT
        refused = verdict.refused(Reason.NOT_A_LICENCE_CODE, check="values")
        check = replace(refused.checks[0], detail=title)
        result = replace(refused, title=title, next=following, checks=(check,))
    else:
        await guesses.give_back(guess)
        matches = Check(name="values", outcome=Outcome.PASS, detail="证照标识、编号与持证主体一致")
        state = status.state_of(licence, clock.local(now).date())
        checks = [
            matches,
            verdict.state_check(state, valid_to=licence.valid_to, at=now),
            *await doubts(licence),
            *_only_data(licence),
        ]
        result = verdict.combine(checks)
    found = status.state_of(licence, clock.local(now).date()) if licence else None
    async with database.transaction():
        row = await _write(
            VerificationKind.VALUES, result, by=by, at=now, purpose=purpose, licence=licence
        )
        answer = ValuesAnswer(
            id=row.id,
            at=now,
            verdict=result,
            state=found.value if found else None,
            state_text=found.text if found else None,
        )
        await once.keep(asked, msgspec.json.encode(answer).decode())
    return answer


def _only_data(licence: Licence) -> list[Check]:
    """A licence that is nothing but somebody's line is never called valid."""
    if not taken_in.is_only_data(licence):
        return []
    return [
        Check(
            name="issued-document",
            outcome=Outcome.UNKNOWN,
            detail=taken_in.UNVOUCHED,
            reason=Reason.NO_SEAL,
        )
    ]


def _inspect(data: bytes, trust: TrustList, at: datetime) -> tuple[SealReport, str | None]:
    """The seal report, and the identifier the document carries.

    The identifier is read only where no check failed: before that it is anybody's claim, and the
    package may be hostile.
    """
    report = verify_seal(data, trust=trust, at=at)
    if report.verdict is SealVerdict.INVALID or is_pdf(data):
        return report, None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = archive.read("OFD.xml").decode("utf-8", errors="replace")
    found = _IDENTIFIER.search(root)
    return report, html.unescape(found[1]) if found else None


async def _claimed_licence(identifier: str | None) -> Licence | None:
    if identifier is None or identifiers.parse(identifier) is None:
        return None
    return await Licence.get_or_none(identifier=identifier)


def _register_checks(licence: Licence, digest: str, at: datetime) -> list[Check]:
    """Whether the document is the one that was issued, and the licence's state today."""
    same = digest == licence.document
    issued = Check(
        name="issued-document",
        outcome=Outcome.PASS if same else Outcome.FAIL,
        detail="文件与签发的原件一致" if same else "文件与签发的原件不一致",
        reason=None if same else Reason.CONTENT_CHANGED,
    )
    state = status.state_of(licence, clock.local(at).date())
    return [issued, verdict.state_check(state, valid_to=licence.valid_to, at=at)]


def _status(licence: Licence, at: datetime) -> LicenceStatus:
    state = status.state_of(licence, clock.local(at).date())
    return LicenceStatus(
        name=catalogue.get_type(licence.licence_type).name,
        identifier=licence.identifier,
        state=state.value,
        state_text=state.text,
        valid_to=licence.valid_to.isoformat() if licence.valid_to else None,
    )


async def _answered(by: Principal, request_key: str | None, digest: str) -> DocumentAnswer | None:
    if request_key is None:
        return None
    row = await Verification.get_or_none(reader=by.actor, request_key=request_key)
    if row is None:
        return None
    if row.kind is not VerificationKind.DOCUMENT or row.digest != digest:
        raise RequestKeyReused()
    return _document_answer(row)


async def _write(
    kind: VerificationKind,
    result: Verdict,
    *,
    by: Principal,
    at: datetime,
    purpose: str,
    licence: Licence | None,
    digest: str | None = None,
    request_key: str | None = None,
    report: dict[str, object] | None = None,
) -> Verification:
    async with database.transaction():
        row = Verification(
            kind=kind,
            at=at,
            licence_id=licence.id if licence else None,
            subject_id=licence.subject_id if licence else None,
            verdict=result.verdict,
            reasons=list(result.reasons),
            checks=[check.to_dict() for check in result.checks],
            report=report,
            reader=by.actor,
            reader_name=by.name,
            department=by.department,
            purpose=purpose,
            digest=digest,
            request_key=request_key,
        )
        database.insert_last(row)
        if licence is not None:
            look = access_log.Look.by(
                by,
                UseKind(kind.value),
                ground="调用方持有证照文件或信息",
                purpose=purpose,
                verdict=result.verdict,
                reasons=result.reasons,
            )
            await access_log.record(licence, look)
        await audit.record(
            actor=by.actor,
            action=f"verify.{kind.value}",
            target=f"licence:{licence.id}" if licence else f"verification:{row.id}",
            detail={"verdict": result.verdict, "reasons": list(result.reasons)},
        )
    return row


def _document_answer(row: Verification) -> DocumentAnswer:
    report: Mapping[str, Any] = row.report or {}
    known = report.get("licence_status")
    return DocumentAnswer(
        id=row.id,
        at=row.at,
        digest=row.digest or "",
        verdict=stored_verdict(row),
        signatures=tuple(report.get("signatures", ())),
        licence_status=LicenceStatus(**known) if known else None,
    )


def _status_data(licence_status: LicenceStatus | None) -> dict[str, object] | None:
    return None if licence_status is None else dict(vars(licence_status))


def _plain(signature: Mapping[str, Any]) -> dict[str, Any]:
    """A signature's facts without what is empty."""
    return {key: value for key, value in signature.items() if value not in ("", None)}
