"""A disk that is full, whoever meets it: 503 for who writes, while reading goes on."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from obstore.exceptions import BaseError

from core.errors import Unavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_SAID = tuple(f"(os error {number})" for number in sorted(FULL))
"""obstore hands the system's refusal on as text."""


class StorageFull(Unavailable):
    """Member `retry_after`, seconds. Operators: make room; nothing was lost."""

    slug = "storage-full"
    title = "系统存储空间不足，内容没有保存，请稍后再试"


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room to write."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, BaseError) and any(said in str(error) for said in _SAID)


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Raises StorageFull for every error inside that says so."""
    try:
        yield
    except (OSError, BaseError) as error:
        if is_full(error):
            raise StorageFull(retry_after=60) from error
        raise
