"""A valid value for every declared body and query, so that a refusal is never about the form."""

import types
import typing
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Union
from uuid import UUID

import msgspec

from core import clock


def sample(kind: Any, known: UUID) -> Any:
    """A plain value of the type: required members only, `known` wherever an id is asked for."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _fitting(kind, known)
    if origin in (Union, types.UnionType):
        return sample(typing.get_args(kind)[0], known)
    if origin in (list, tuple, frozenset, set):
        return [sample(typing.get_args(kind)[0], known)]
    if origin is dict:
        return {}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return {field.encode_name: sample(field.type, known) for field in fields if field.required}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    return _plain(kind, known)


def _fitting(kind: Any, known: UUID) -> Any:
    inner, *notes = typing.get_args(kind)
    value = sample(inner, known)
    for note in notes:
        if not isinstance(note, msgspec.Meta):
            continue
        if isinstance(value, str) and note.min_length and len(value) < note.min_length:
            value = value.ljust(note.min_length, "A")
        if isinstance(value, int) and note.ge is not None and value < note.ge:
            value = note.ge
    return value


def _plain(kind: Any, known: UUID) -> Any:
    values: dict[Any, Any] = {
        str: "name",
        int: 1,
        float: 1.0,
        bool: True,
        UUID: str(known),
        date: clock.today().isoformat(),
        datetime: (clock.now() + timedelta(days=1)).isoformat(),
        bytes: "",
    }
    return values.get(kind)
