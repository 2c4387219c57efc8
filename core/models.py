"""Tables of the kernel, gathered where Tortoise looks for them."""

from core.clocks.holidays import HolidayYear
from core.clocks.rows import Clock, ClockMark, ClockPause
from core.data.once import AskedRequest
from core.data.spent import Spent
from core.files.blob_sweep import BlobSweep
from core.jobs import Job
from core.lease import LeaseRow
from core.outbox import OutboxMessage
from core.protection.audit import AuditHead, AuditRecord

__all__ = [
    "AskedRequest",
    "AuditHead",
    "AuditRecord",
    "BlobSweep",
    "Clock",
    "ClockMark",
    "ClockPause",
    "HolidayYear",
    "Job",
    "LeaseRow",
    "OutboxMessage",
    "Spent",
]
