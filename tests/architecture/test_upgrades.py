"""Private attributes of others that the program stands on: an upgrade that moves one is told here.

Each row names the attribute, where we touch it, and is looked for in the installed library, so that
a new version fails with the name of what moved instead of with a request that hangs.
"""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import asyncpg
import pytest
from sanic.http import Http
from sanic.http import http1 as http_module
from sanic.server.protocols import http_protocol
from sanic.server.protocols.base_protocol import SanicProtocol
from sanic.server.protocols.http_protocol import HttpProtocol
from sanic.worker import manager as manager_module
from sanic.worker.manager import WorkerManager
from tortoise.backends.asyncpg import client as asyncpg_client
from tortoise.backends.base import client as base_client
from tortoise.backends.sqlite import client as sqlite_client
from tortoise.models import MetaInfo

from core.database import PlainConnection


def test_bodies_find_what_they_take_of_a_request() -> None:
    """api/edge/blocks.py gives Sanic's reading of a body over to a protocol of ours and back."""
    taken = {
        "expecting_continue",
        "recv_buffer",
        "request_body",
        "request_bytes",
        "request_bytes_left",
        "request_max_size",
    }

    assert taken <= _attributes(Http)
    assert "_time" in _attributes(HttpProtocol) | _attributes(SanicProtocol)


def test_sockets_find_what_they_take_of_a_connection() -> None:
    """api/edge/websocket.py takes a transport out of Sanic for good."""
    slots = {*SanicProtocol.__slots__, *HttpProtocol.__slots__}

    assert {"transport", "connections"} <= slots
    assert "recv_buffer" in Http.__slots__
    assert "upgrade_websocket" in Http.__slots__


def test_a_server_that_is_told_to_stop_finds_the_word_for_it() -> None:
    """tools/serving.py lets a server of several workers stop while it is starting."""
    assert inspect.isfunction(WorkerManager._all_workers_ack)
    assert "_shutting_down" in inspect.getsource(manager_module)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (base_client, ("class TransactionContext", "async def __aenter__")),
        (asyncpg_client, ("_pool", "_parent", "_connection")),
        (sqlite_client, ("_trxlock", "_connection")),
    ],
    ids=["base", "asyncpg", "sqlite"],
)
def test_transactions_find_what_they_give_back(module: ModuleType, words: tuple[str, ...]) -> None:
    """core/database.py undoes a transaction that was cut off while it began."""
    source = inspect.getsource(module) + inspect.getsource(base_client)

    assert [word for word in words if word not in source] == []


def test_rows_find_how_their_table_is_described() -> None:
    """core/data/copying.py writes rows by COPY, past the model."""
    wanted = {"db_table", "fields_db_projection", "fields_map"}

    assert wanted <= _attributes(MetaInfo)
    assert inspect.iscoroutinefunction(asyncpg.Connection.copy_records_to_table)


def test_a_connection_asks_our_reset_query() -> None:
    """core/database.py leaves out what asyncpg asks a connection to forget."""
    assert asyncpg.Connection.get_reset_query is not PlainConnection.get_reset_query
    assert "get_reset_query" in inspect.getsource(asyncpg.Connection.reset)


def test_a_body_that_is_too_slow_is_noticed_by_sanic_where_we_look() -> None:
    """The time of the last byte, which a long body moves on in our stead."""
    assert "_time" in inspect.getsource(http_protocol)
    assert "recv_buffer" in inspect.getsource(http_module)


def _attributes(kind: type[Any]) -> set[str]:
    return set(_of_class(kind))


def _of_class(kind: type[Any]) -> Iterator[str]:
    for base in kind.__mro__:
        yield from getattr(base, "__slots__", ())
        yield from vars(base)
