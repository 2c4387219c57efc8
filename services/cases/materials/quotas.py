"""How much one person and one case may take of the store."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from core import clock
from services.cases import errors
from services.cases.models import MaterialFile, Upload

WINDOW = timedelta(hours=24)
"""What a person sent within this time counts against their quota."""

MAX_OPEN = 30
"""Unfinished uploads of one person at a time."""

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds in bytes, whatever a requirement says."""

    file: int
    """One file."""
    person: int
    """What one person stores within 24 hours, unfinished uploads at their declared length."""
    case: int
    """All files of one case, older versions included."""


def check_size(length: int, *, max_mb: int, limits: Limits) -> None:
    """Raises `FileTooLarge` above the requirement's or the system's bound for one file."""
    limit = min(max_mb * _MEBIBYTE, limits.file)
    if length > limit:
        raise errors.FileTooLarge(f"这份材料最大 {limit // _MEBIBYTE} MB", max_bytes=limit)


async def check_room(case_id: UUID, *, person_id: UUID, length: int, limits: Limits) -> None:
    """Raises `TooManyUploads` or `QuotaReached` when `length` more bytes are too many."""
    at = clock.now()
    unfinished = Upload.filter(state="open", expires_at__gt=at)
    if await unfinished.filter(person_id=person_id).count() >= MAX_OPEN:
        raise errors.TooManyUploads()
    stored = MaterialFile.filter(material__case_id=case_id)
    in_case = await _total(unfinished.filter(case_id=case_id), "length")
    if in_case + await _total(stored, "size") + length > limits.case:
        raise errors.QuotaReached("这个办件的材料总量已到上限，请删减或压缩后再上传")
    recent = MaterialFile.filter(uploaded_by=person_id, created_at__gt=at - WINDOW)
    of_person = await _total(unfinished.filter(person_id=person_id), "length")
    if of_person + await _total(recent, "size") + length > limits.person:
        raise errors.QuotaReached("您今天上传的文件总量已到上限，请明天再试")


async def _total(rows: QuerySet[Any], column: str) -> int:
    """Added up here: a person or a case has hundreds of rows at the most."""
    sizes: list[Any] = await rows.values_list(column, flat=True)
    return sum(sizes)
