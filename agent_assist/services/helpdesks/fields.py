"""Checks what was entered into a connection's form against what its connector declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from agent_assist.domain.helpdesk import ConnectionField, FieldKind
from agent_assist.errors import InvalidSetting

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")
LONGEST = 20_000
"""Characters of one value: a private key fits, a pasted log does not."""


def problems(
    fields: Sequence[ConnectionField], values: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, str]:
    """For each field that is not right a sentence that names it; empty where all are."""
    found: dict[str, str] = {}
    for field in fields:
        given = (secrets if field.kind is FieldKind.SECRET else values).get(field.name, "")
        try:
            _value(field, given)
        except InvalidSetting as error:
            found[field.name] = error.sentence
    names = {field.name for field in fields}
    found.update({n: f"There is no field named {n}." for n in (*values, *secrets) if n not in names})
    return found


def checked(fields: Sequence[ConnectionField], values: Mapping[str, str]) -> dict[str, str]:
    """The values in the form in which they are kept, defaults filled in; secrets are left out.

    Raises InvalidSetting with a sentence that names the field.
    """
    return {
        field.name: _value(field, values.get(field.name, ""))
        for field in fields
        if field.kind is not FieldKind.SECRET
    }


def _value(field: ConnectionField, given: str) -> str:
    text = given if field.kind is FieldKind.SECRET else (given.strip() or field.default)
    if len(text) > LONGEST:
        raise _wrong(field, "is too long")
    if not text:
        if field.required:
            raise _wrong(field, "is missing")
        return "false" if field.kind is FieldKind.SWITCH else ""
    return _CHECKS[field.kind](field, text)


def _url(field: ConnectionField, text: str) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
        parts = urlsplit("")
    if not known or any(c.isspace() for c in address):
        raise _wrong(field, "is not a web address such as https://help.example.com")
    if parts.username or parts.password:
        raise _wrong(field, "holds a user name; put that into its own field")
    return address.rstrip("/")


def _number(field: ConnectionField, text: str) -> str:
    try:
        return str(int(text))
    except ValueError:
        raise _wrong(field, "is not a whole number") from None


def _switch(field: ConnectionField, text: str) -> str:
    if text.casefold() in YES:
        return "true"
    if text.casefold() in NO:
        return "false"
    raise _wrong(field, "is neither on nor off")


def _choice(field: ConnectionField, text: str) -> str:
    if text not in field.choices:
        raise _wrong(field, f"is not one of {', '.join(field.choices)}")
    return text


def _list(_: ConnectionField, text: str) -> str:
    return ", ".join(part.strip() for part in text.split(",") if part.strip())


def _path(_: ConnectionField, text: str) -> str:
    return str(Path(text).expanduser().absolute())


def _secret(field: ConnectionField, text: str) -> str:
    if any(ord(c) < 32 and c not in "\n\r\t" for c in text):
        raise _wrong(field, "holds characters that cannot be sent")
    return text


def _as_it_is(_: ConnectionField, text: str) -> str:
    return text


_CHECKS = {
    FieldKind.TEXT: _as_it_is,
    FieldKind.URL: _url,
    FieldKind.SECRET: _secret,
    FieldKind.NUMBER: _number,
    FieldKind.SWITCH: _switch,
    FieldKind.CHOICE: _choice,
    FieldKind.LIST: _list,
    FieldKind.PATH: _path,
}


def _wrong(field: ConnectionField, what: str) -> InvalidSetting:
    return InvalidSetting(f"{field.title} {what}.", f"Correct “{field.title}” and try again.")
