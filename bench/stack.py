"""A server of ours in a process of its own, on fresh PostgreSQL and Valkey, for benches by HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests import services
from tests.installation import Installation


@contextmanager
def running(*, workers: int = 1, more: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Demo data on PostgreSQL and Valkey, served until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="yunjian-bench-", ignore_cleanup_errors=True) as folder,
        services.valkey() as redis_url,
        services.postgres() as database_url,
    ):
        installation = Installation(
            Path(folder),
            redis_url=redis_url,
            database_url=f"{database_url}?maxsize=20",
            workers=workers,
            more=more,
        )
        try:
            installation.start()
            yield installation
        finally:
            installation.stop()
