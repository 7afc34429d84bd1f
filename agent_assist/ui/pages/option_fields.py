"""The options of `agent_assist.settings` as fields of a form and as a page of help.

Nothing here names an option: what the form shows is what the model declares.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from agent_assist.settings import Section, Settings


class OptionKind(enum.Enum):
    """The widget that an option's type asks for."""

    SWITCH = "switch"
    WHOLE = "whole"
    DECIMAL = "decimal"
    TEXT = "text"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option; `name` is what OptionsService.change takes."""

    name: str
    title: str
    description: str
    kind: OptionKind
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def limits(self) -> str:
        """ "1,024 to 131,072", or "" where there are none."""
        if self.minimum is None or self.maximum is None:
            return ""
        return f"{show_number(self.minimum)} to {show_number(self.maximum)}"

    def value_in(self, settings: Settings) -> Any:
        value: Any = settings
        for part in self.name.split("."):
            value = getattr(value, part)
        return value.value if isinstance(value, enum.Enum) else value

    def read(self, text: str) -> tuple[Any, str]:
        """(value, "") of what was typed, or (None, sentence) where it cannot be used."""
        if self.kind not in (OptionKind.WHOLE, OptionKind.DECIMAL):
            return text, ""
        plain = text.strip().replace("\u2212", "-").replace(" ", "")
        whole = self.kind is OptionKind.WHOLE
        plain = plain.replace(",", "") if whole else plain.replace(",", ".")
        try:
            value: float = int(plain) if whole else float(plain)
        except ValueError:
            return None, f"Enter a {'whole number' if whole else 'number'}, {self.limits or 'such as 1'}."
        if (self.minimum is not None and value < self.minimum) or (
            self.maximum is not None and value > self.maximum
        ):
            return None, f"Enter a number from {self.limits}."
        return value, ""

    def matches(self, words: str) -> bool:
        """True when every word of `words` stands in the title, description or name."""
        text = f"{self.title} {self.description} {self.name}".casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """A section of the settings as a part of the form; `name` is the section's attribute."""

    name: str
    title: str
    fields: tuple[OptionField, ...]


def show_number(value: float) -> str:
    """As people write it: thousands set apart, no needless decimals."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def option_groups(model: type[BaseModel] = Settings) -> tuple[OptionGroup, ...]:
    """Every section of the settings with its options, in the order of their declaration."""
    groups = []
    for name, info in model.model_fields.items():
        section = info.annotation
        if isinstance(section, type) and issubclass(section, Section):
            fields = tuple(_field(f"{name}.{inner}", section, inner) for inner in section.model_fields)
            groups.append(OptionGroup(name, info.title or name, fields))
    return tuple(groups)


def _field(name: str, section: type[Section], inner: str) -> OptionField:
    info = section.model_fields[inner]
    limits = {type(limit).__name__: limit for limit in info.metadata}
    minimum = getattr(limits.get("Ge"), "ge", None)
    maximum = getattr(limits.get("Le"), "le", None)
    default = info.get_default(call_default_factory=True)
    kind = OptionKind.TEXT
    choices: tuple[str, ...] = ()
    annotation = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        kind, choices = OptionKind.CHOICE, tuple(str(member.value) for member in annotation)
    elif annotation is bool:
        kind = OptionKind.SWITCH
    elif annotation is int:
        kind = OptionKind.WHOLE
    elif annotation is float:
        kind = OptionKind.DECIMAL
    return OptionField(
        name=name,
        title=info.title or inner.replace("_", " ").capitalize(),
        description=info.description or "",
        kind=kind,
        default=default.value if isinstance(default, enum.Enum) else default,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
    )


def settings_chapter() -> str:
    """The help chapter on settings, in Markdown."""
    parts = [
        "# Settings",
        "A change applies at once. Every option can be set back to its default, which stands here beside it.",
    ]
    for group in option_groups():
        parts.append(f"## {group.title}")
        for option in group.fields:
            facts = [f"Default: {_show_default(option)}"]
            if option.limits:
                facts.append(f"from {option.limits}")
            if option.choices:
                facts.append("one of " + ", ".join(option.choices))
            parts.append(f"**{option.title}** – {option.description} *{'; '.join(facts)}.*")
    return "\n\n".join(parts) + "\n"


def _show_default(option: OptionField) -> str:
    if option.kind is OptionKind.SWITCH:
        return "on" if option.default else "off"
    if option.kind in (OptionKind.WHOLE, OptionKind.DECIMAL):
        return show_number(option.default)
    return str(option.default) or "empty"
