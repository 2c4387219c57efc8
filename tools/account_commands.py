"""Accounts by command: what has to be done before, or without, anybody at the accounts desk.

Start passwords go to the terminal and nowhere else: not into arguments, which others on the machine
can read, and not into a log.
"""

from __future__ import annotations

import sys

import identity.staff.first
import identity.staff.proposals
from core.errors import Problem
from core.settings import Settings
from tools.setup_commands import load_departments, opened


async def first_officer(settings: Settings, *, staff_no: str, name: str) -> None:
    """Departments of the catalogue, and the first keeper of accounts."""
    async with opened(settings):
        try:
            start = await identity.staff.first.make(staff_no, name=name)
        except Problem as refusal:
            sys.exit(f"{refusal.slug}: {refusal}")
        await load_departments()
    print(start)


async def start_password(settings: Settings, *, staff_no: str) -> None:
    """For a keeper of accounts whom nobody at the desk can help."""
    async with opened(settings):
        try:
            start = await identity.staff.first.restart(staff_no)
        except Problem as refusal:
            sys.exit(f"{refusal.slug}: {refusal}")
    print(start)


async def approve_power(settings: Settings, *, staff_no: str) -> None:
    """Be the second keeper while there is only one at work; prints a start password, if any."""
    async with opened(settings):
        try:
            outcome = await identity.staff.proposals.approve_by_command(staff_no)
        except Problem as refusal:
            sys.exit(f"{refusal.slug}: {refusal}")
    print(outcome.start_password or "approved")
