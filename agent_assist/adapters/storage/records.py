"""Frozen domain values to JSON and back, exactly.

One pair of functions for every record that is stored whole (suggestions, outcomes, models): the
dataclass's own annotations say how each part is read back, so a field added to the domain is stored
with no change here.  Unknown keys are skipped and missing ones take their default, which lets an
older and a newer version read each other's rows.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from agent_assist.errors import WorkspaceDamaged

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """The plain form (dicts, lists, text, numbers) of a dataclass and everything in it."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(v) for v in value]
    return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}


def from_json(kind: type[T], data: Any) -> T:
    """The value of which `to_json` made `data`; times come back in UTC.

    Raises WorkspaceDamaged where the data does not fit.
    """
    try:
        value: T = _reader(cast("Any", kind))(data)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise WorkspaceDamaged(f"A stored {kind.__name__.lower()} cannot be read ({error}).") from error
    return value


def dump(value: Any) -> str:
    """JSON text of a dataclass; ASCII, so that any text at all survives the database."""
    return json.dumps(to_json(value), separators=(",", ":"))


def parse(kind: type[T], text: str) -> T:
    """The inverse of `dump`.  Raises WorkspaceDamaged."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise WorkspaceDamaged(f"A stored {kind.__name__.lower()} cannot be read ({error}).") from error
    return from_json(kind, data)


@lru_cache(maxsize=256)
def _reader(kind: Any) -> Callable[[Any], Any]:
    """How to read one annotated type; made once for each type, since rows are read by the thousand."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        inner = _reader(next(a for a in arguments if a is not types.NoneType))
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        item = _reader(arguments[0])
        return lambda data: tuple(item(part) for part in data)
    if origin is not None and issubclass(origin, Mapping):
        value = _reader(arguments[1])
        return lambda data: {key: value(part) for key, part in data.items()}
    if kind is datetime:
        return datetime.fromisoformat
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if kind is float:
        return float
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return lambda data: data


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = [(field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]

    def read(data: Any) -> Any:
        return kind(**{name: reader(data[name]) for name, reader in readers if name in data})

    return read
