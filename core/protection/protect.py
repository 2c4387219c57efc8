"""Personal data at rest: an encrypted column that is plain in Python.

Invariants
- A value is decrypted in one place: when a row is loaded from the database. What is handed to a
  constructor, assigned or compared is a text like any other, also when it looks encrypted.
- A value is sealed for its table, its column and its row (`ProtectedModel.bound_to`): moved
  anywhere else it cannot be read. What cannot be read, plain text among it, is never handed on.
- Where no row is at hand nothing goes in or out: `values()`, filters and aggregates on such a
  column raise ProtectionError, and `update()` takes what `for_row` has sealed.

Keys, forms and blind indexes are in `core.protection.vault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from tortoise import fields
from tortoise.models import Model

from core.protection.vault import OldForm as OldForm
from core.protection.vault import ProtectionError as ProtectionError
from core.protection.vault import Vault as Vault
from core.protection.vault import blind_index as blind_index
from core.protection.vault import blind_indexes as blind_indexes
from core.protection.vault import derive as derive
from core.protection.vault import open_note as open_note
from core.protection.vault import seal_note as seal_note
from core.protection.vault import use as use
from core.protection.vault import use_settings as use_settings
from core.protection.vault import vault as vault


class _Opened:
    """Came out of a row and was decrypted; only the loader below makes it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Sealed:
    """A value sealed for one cell, for `update()`; made by `for_row`."""

    __slots__ = ("column", "stored", "table")

    def __init__(self, table: str, column: str, stored: str) -> None:
        self.table, self.column, self.stored = table, column, stored


class ProtectedField(fields.Field[str], str):  # type: ignore[misc]
    """A text column that is encrypted at rest and plain in Python."""

    SQL_TYPE = "TEXT"
    indexable = False
    field_type = str

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str | None:
        """Sealed for the row of `instance`. Raises ProtectionError where there is none."""
        if value is None:
            return None
        name = self.model_field_name
        if isinstance(value, Sealed):
            if (value.table, value.column) != (self.model._meta.db_table, name):
                raise ProtectionError(f"a value that was sealed for another column than {name}")
            return value.stored
        if not isinstance(instance, ProtectedModel):
            raise ProtectionError(f"{name} cannot be compared, nor updated without `for_row`")
        return vault().seal(str(value), context=_context_of(instance, name))

    def to_python_value(self, value: Any) -> str | None:
        """Only what the loader of rows has opened. Raises ProtectionError for anything else."""
        if value is None:
            return None
        if type(value) is not _Opened:
            raise ProtectionError(f"{self.model_field_name} can only be read with its whole row")
        return value.text


@dataclass(frozen=True)
class BlindColumn:
    """A column that holds the blind index of a protected one."""

    column: str
    source: str
    purpose: str


class ProtectedModel(Model):
    """A table with protected columns."""

    blind_columns: ClassVar[tuple[BlindColumn, ...]] = ()
    """The blind indexes that a change of the master key computes anew
    (`core.protection.reencrypt`).
    """

    bound_to: ClassVar[tuple[str, ...]] = ("id",)
    """Columns that together name the row before it is inserted, and never change."""

    once_plain: ClassVar[frozenset[str]] = frozenset()
    """Protected columns that held plain text in an earlier release; it counts as an old value."""

    class Meta:
        abstract = True

    @classmethod
    def protected_columns(cls) -> Mapping[str, bytes]:
        """Names of the protected columns, and the part of their context that all rows share."""
        known: Mapping[str, bytes] | None = cls.__dict__.get("_protected_columns")
        if known is None:
            table = cls._meta.db_table
            known = {
                name: f"{table}\x00{name}\x00".encode()
                for name, column in cls._meta.fields_map.items()
                if isinstance(column, ProtectedField)
            }
            cls._protected_columns = known
        return known

    _protected_columns: ClassVar[Mapping[str, bytes]]

    @classmethod
    def _init_from_db(cls, **kwargs: Any) -> Self:
        """Tortoise calls this for each row of a result, and for nothing else."""
        opened = vault().open
        row: bytes | None = None
        for name, shared in cls.protected_columns().items():
            stored = kwargs.get(name)
            if stored is None:
                continue
            if row is None:
                row = _row(cls, kwargs)
            plain = name in cls.once_plain
            kwargs[name] = _Opened(opened(stored, context=shared + row, once_plain=plain))
        loaded: Self = super()._init_from_db(**kwargs)
        return loaded

    def _set_kwargs(self, kwargs: dict[str, Any]) -> set[str]:
        """Tortoise calls this for a constructor and `update_from_dict`: texts stay as they are."""
        given = {name: kwargs[name] for name in self.protected_columns() if name in kwargs}
        passed: set[str] = super()._set_kwargs(
            {name: value for name, value in kwargs.items() if name not in given}
        )
        for name, value in given.items():
            if value is None and not self._meta.fields_map[name].null:
                raise ValueError(f"{name} is non nullable field, but null was passed")
            if isinstance(value, Sealed):
                raise ProtectionError(f"{name}: a sealed value is for update() only")
            setattr(self, name, None if value is None else str(value))
        return passed | set(given)


def for_row(model: type[ProtectedModel], values: Mapping[str, Any], *row: object) -> dict[str, Any]:
    """`values` for an `update()` of the one row that `row` names (in the order of `bound_to`).

    Protected columns among them are sealed for it, others are left as they are.
    """
    if len(row) != len(model.bound_to):
        raise ProtectionError(f"{model.__name__} is bound to {', '.join(model.bound_to)}")
    at = _row(model, dict(zip(model.bound_to, row, strict=True)))
    ready = dict(values)
    for name in model.protected_columns():
        if ready.get(name) is not None:
            text = vault().seal(str(ready[name]), context=_context(model, name, at))
            ready[name] = Sealed(model._meta.db_table, name, text)
    return ready


def context_of(model: type[ProtectedModel], column: str, row: Mapping[str, Any]) -> bytes:
    """What a cell is sealed for, given the columns of its row as they are in the database."""
    return _context(model, column, _row(model, row))


def _context_of(instance: ProtectedModel, column: str) -> bytes:
    row = {name: getattr(instance, name) for name in instance.bound_to}
    return _context(type(instance), column, _row(type(instance), row))


def _context(model: type[ProtectedModel], column: str, row: bytes) -> bytes:
    return model.protected_columns()[column] + row


def _row(model: type[ProtectedModel], values: Mapping[str, Any]) -> bytes:
    """Raises ProtectionError when a part of the row's name is not known."""
    parts = [str(values.get(name) or "") for name in model.bound_to]
    if "" in parts:
        names = " and ".join(model.bound_to)
        raise ProtectionError(f"{model.__name__} is here without its {names}")
    return "\x00".join(parts).encode()
