"""Sweeps clocks in processes of their own, which may be killed at a chosen statement.

``python -m tests.core.sweeper ADDRESS`` reads one JSON line for each order, forks, and prints how
the child ended and what it said. Forking spares twenty starts of the program; nothing is open when
it forks.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from tortoise import Tortoise
from tortoise.backends.asyncpg import client as asyncpg_client
from tortoise.backends.base_postgres import client as postgres_client
from tortoise.backends.sqlite import client as sqlite_client

from core import database
from core.clocks import clocks, holidays, sweep
from core.clocks.clocks import New, Owner
from core.clocks.periods import Limit, Unit
from core.clocks.rows import Clock, ClockMark
from core.ids import new_id
from core.outbox import OutboxMessage
from core.protection import audit, protect
from tests import work_calendar

STATEMENTS = ("execute_query", "execute_query_dict", "execute_insert", "commit", "begin")


def kill_at(number: int) -> None:
    """Kill this process, as `kill -9` does, before its statement of this number."""
    left = number

    def counted(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return await act(*arguments, **named)

        return wrapped

    for module in (asyncpg_client, postgres_client, sqlite_client):
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                for name in STATEMENTS:
                    if name in vars(kind):
                        setattr(kind, name, counted(vars(kind)[name]))


async def make(address: str, order: dict[str, Any]) -> str:
    """Tables, the calendar, and so many clocks whose marks are spread over some days."""
    await Tortoise.generate_schemas(safe=False)
    await audit.prepare()
    await work_calendar.lay()
    first, days = date.fromisoformat(order["first"]), await holidays.calendar()
    for number in range(order["clocks"]):
        async with database.transaction():
            limit = Limit(2 + number % 3, Unit.WORKDAY)
            new = New("promise", limit, first + timedelta(days=number % 2), "样例")
            await clocks.start(Owner("case", new_id()), new, department="GA", days=days)
    return ""


async def go_on(address: str, order: dict[str, Any]) -> str:
    if "kill_at" in order:
        kill_at(order["kill_at"])
    return str(await sweep.sweep(date.fromisoformat(order["today"])))


async def tell(address: str, order: dict[str, Any]) -> str:
    """Every mark with its clock, due date and day, and every event, in the order of writing."""
    clock_of = {row.id: row for row in await Clock.all()}
    marks = [
        (row.clock_id, str(row.mark), str(row.for_due_on), str(row.reached_on))
        for row in await ClockMark.all().order_by("id")
    ]
    events = [json.loads(row.payload) for row in await OutboxMessage.all().order_by("id")]
    return json.dumps(
        {
            "clocks": {
                row.id: (str(row.owner_id), str(row.started_on), str(row.due_on))
                for row in clock_of.values()
            },
            "running": await Clock.filter(state="running").count(),
            "waiting": await Clock.filter(next_mark_on__isnull=False).count(),
            "marks": marks,
            "events": [(e["owner_id"], e["mark"], e["for_due_on"], e["on"]) for e in events],
        }
    )


ORDERS = {"make": make, "sweep": go_on, "tell": tell}


async def one(address: str, order: dict[str, Any]) -> str:
    protect.use(bytes(range(32)))
    await database.open_database(address, ["core"])
    try:
        return await ORDERS[order["do"]](address, order)
    finally:
        await database.close_database()


def serve(address: str) -> None:
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                said = asyncio.run(one(address, json.loads(line)))
                with os.fdopen(write, "w") as out:
                    out.write(said)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as answer:
            said = answer.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), said]), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
