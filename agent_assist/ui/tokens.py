"""Design tokens: every colour, distance, size and duration of the window, light and dark.

Widgets take values from here (through `theme.Theme`) and never name a colour themselves.  The three
semantic colours always come with a shape of their own (see `SHAPES`), so that nothing is said by hue
alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

SPACE_1, SPACE_2, SPACE_3, SPACE_4, SPACE_6, SPACE_8 = 4, 8, 12, 16, 24, 32
"""Distances in device-independent pixels, on a 4/8 grid."""

RADIUS_SMALL, RADIUS, RADIUS_LARGE = 4, 6, 10

RAIL_WIDTH = 76
SIDE_WIDTH = 360
ICON = 16


class TextSize(StrEnum):
    """The three sizes of text that the window has."""

    SMALL = "small"
    BODY = "body"
    TITLE = "title"


TEXT_RATIO = {TextSize.SMALL: 12 / 14, TextSize.BODY: 1.0, TextSize.TITLE: 18 / 14}
"""Sizes relative to the body size, which is the system font's (at least `BODY_MINIMUM_PX`)."""
BODY_MINIMUM_PX = 14


class Tone(StrEnum):
    """What a coloured thing says."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    OK = "ok"
    ATTENTION = "attention"
    DANGER = "danger"


SHAPES = {
    Tone.NEUTRAL: "info",
    Tone.ACCENT: "info",
    Tone.OK: "check-circle",
    Tone.ATTENTION: "triangle",
    Tone.DANGER: "octagon",
}
"""The icon that goes with a tone: circle with a tick, triangle, octagon."""


@dataclass(frozen=True, slots=True)
class Colours:
    """One scheme.  `*_soft` are grounds for text of the same name."""

    window: str
    surface: str
    raised: str
    sunken: str
    hover: str
    border: str
    outline: str
    """Edges of inputs and of focusable things: 3 : 1 against their ground."""
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    ok: str
    ok_soft: str
    attention: str
    attention_soft: str
    attention_line: str
    """The underline of an unsupported fact."""
    danger: str
    danger_soft: str
    customer: str
    """Ground of what the customer wrote."""
    agent: str
    note: str
    match: str
    """Ground of the passage sentence that a draft's sentence rests on."""


LIGHT = Colours(
    window="#f5f5f2",
    surface="#ffffff",
    raised="#ffffff",
    sunken="#eeeeea",
    hover="#ececf4",
    border="#dfdfd9",
    outline="#85868c",
    text="#1c1d22",
    muted="#595b64",
    accent="#4150c4",
    accent_hover="#3542a8",
    on_accent="#ffffff",
    accent_soft="#e9ebfb",
    ok="#1b6b40",
    ok_soft="#e4f2e9",
    attention="#7d5000",
    attention_soft="#fcf0d6",
    attention_line="#b87300",
    danger="#a8231b",
    danger_soft="#fbe8e6",
    customer="#f1f1ed",
    agent="#e9ebfb",
    note="#fcf0d6",
    match="#dfe3fb",
)

DARK = Colours(
    window="#15161a",
    surface="#1c1e23",
    raised="#25272e",
    sunken="#111215",
    hover="#2a2c36",
    border="#30333b",
    outline="#7b7f8b",
    text="#e7e7ea",
    muted="#a5a8b3",
    accent="#a6b0ff",
    accent_hover="#bcc4ff",
    on_accent="#14163a",
    accent_soft="#2a2e52",
    ok="#7fd3a4",
    ok_soft="#1a3226",
    attention="#ecbf68",
    attention_soft="#392d13",
    attention_line="#dba441",
    danger="#f5a198",
    danger_soft="#42201d",
    customer="#272a31",
    agent="#2a2e52",
    note="#392d13",
    match="#363c70",
)

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (text, ground)
        for text in ("text", "muted")
        for ground in ("window", "surface", "raised", "sunken", "hover")
    ),
    *(("text", ground) for ground in ("customer", "agent", "note", "match", "accent_soft", "attention_soft")),
    *(("text", ground) for ground in ("danger_soft", "ok_soft")),
    *(("muted", ground) for ground in ("customer", "agent", "note", "accent_soft")),
    *(
        (tone, ground)
        for tone in ("accent", "ok", "attention", "danger")
        for ground in ("surface", "window", "raised")
    ),
    *((tone, f"{tone}_soft") for tone in ("accent", "ok", "attention", "danger")),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
)
"""(text, ground) pairs in use: each has a contrast of at least 4.5 : 1."""

EDGE_PAIRS: tuple[tuple[str, str], ...] = (
    ("outline", "surface"),
    ("outline", "window"),
    ("accent", "surface"),
    ("accent", "window"),
    ("attention_line", "surface"),
)
"""(edge, ground) pairs: at least 3 : 1."""


def as_mapping(colours: Colours) -> dict[str, str]:
    """Name of the token to its colour, for the style sheet."""
    return {f.name: getattr(colours, f.name) for f in fields(colours)}
