"""Which protected columns were decrypted: a list opens what it shows, and nothing else."""

import pytest

from core.protection.protect import Vault


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The columns that are opened from now on, `table.column` each time."""
    seen: list[str] = []
    inner = Vault.open

    def noting(self: Vault, stored: str, *, context: bytes, once_plain: bool = False) -> str:
        table, column = context.split(b"\0")[:2]
        seen.append(f"{table.decode()}.{column.decode()}")
        return inner(self, stored, context=context, once_plain=once_plain)

    monkeypatch.setattr(Vault, "open", noting)
    return seen
