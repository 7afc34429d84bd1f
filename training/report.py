"""One HTML file without anything from outside: figures, bars and lines as SVG, examples side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from agent_assist.files import write_whole

_STYLE = """
:root{--ink:#1d2327;--soft:#5b656d;--line:#e3e6e8;--back:#fff;--field:#f6f7f8;--good:#2f855a;--bad:#b4532a;
--mark:#cfe8dc}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2.5rem auto;padding:0 1.25rem;color:var(--ink);
background:var(--back)}
h1{font-size:1.6rem;margin-bottom:.5rem}h2{font-size:1.15rem;margin:2.5rem 0 .75rem}
p{max-width:44rem}p.lead{font-size:1.1rem}.soft,th{color:var(--soft)}
table{border-collapse:collapse}th{font-weight:500}td.n,th.n{text-align:right}
td,th{padding:.3rem 1.25rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
pre{white-space:pre-wrap;background:var(--field);padding:.75rem;border-radius:6px}
code{font-size:.92em;background:var(--field);padding:.05rem .25rem;border-radius:4px}
.wide{overflow-x:auto}
mark{background:var(--mark);color:inherit}svg{display:block;max-width:100%}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .soft{fill:var(--soft)}
.axis{stroke:var(--line)}.pair{border-top:1px solid var(--line);padding:1rem 0}
.pair p{margin:.1rem 0 .6rem;white-space:pre-wrap}.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
.two>div{background:var(--field);border-radius:6px;padding:.6rem .8rem}
.name{font-size:.85rem;color:var(--soft);margin:0}
@media(max-width:40rem){.two{grid-template-columns:1fr}}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa5ad;--line:#343a40;--back:#16191c;
--field:#1f2428;--good:#4cb184;--bad:#e0895f;--mark:#1f5a41}}
"""
_NAMED = re.compile(r"`([^`]+)`")
_NEGATIVE = re.compile(r"(?<![\w.&#;-])-(?=\d)")
_LABEL = 44
"""Characters of a bar's label that have room."""
_GREEN, _GREY = "#2f855a", "#9aa5ad"


@dataclass(frozen=True)
class Pair:
    """One ticket with two drafts for it."""

    asked: str
    reply: str
    """What a person answered; empty where that is not known."""
    left: tuple[str, str]
    """(heading, text)"""
    right: tuple[str, str]
    note: str = ""


class Report:
    """Sections in the order in which they are added."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []

    def text(self, heading: str, *paragraphs: str) -> None:
        self._parts.append(f"<h2>{escape(heading)}</h2>")
        self._parts += [f"<p>{_prose(p)}</p>" for p in paragraphs]

    def _none(self, heading: str) -> None:
        self._parts.append(f"<h2>{escape(heading)}</h2><p class='soft'>None.</p>")

    def lead(self, *paragraphs: str) -> None:
        """What the page comes to, before anything else."""
        self._parts += [f"<p class='lead'>{_prose(p)}</p>" for p in paragraphs if p.strip()]

    def table(self, heading: str, rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> None:
        shown = [list(row) for row in rows]
        if not shown:
            self._none(heading)
            return
        numbers = [isinstance(cell, int | float) for cell in shown[0]]
        titles = (_head(h, *numbers[at : at + 1]) for at, h in enumerate(head))
        top = f"<tr>{''.join(titles)}</tr>" if head else ""
        lines = "".join(f"<tr>{''.join(_cell(c) for c in row)}</tr>" for row in shown)
        self._parts.append(f"<h2>{escape(heading)}</h2><div class='wide'><table>{top}{lines}</table></div>")

    def bars(
        self, heading: str, before: Sequence[tuple[str, float]], after: Mapping[str, float] | None = None
    ) -> None:
        """Horizontal bars; with `after`, grey is before and green is after."""
        if not before:
            self._none(heading)
            return
        most = max([v for _, v in before] + list((after or {}).values()) + [1e-9])
        height, lines = 22 if after is None else 34, []
        for place, (name, value) in enumerate(before):
            y = place * height
            colour = _GREEN if after is None else _GREY
            lines.append(_bar(y, name, value, most, colour))
            if after is not None:
                lines.append(_bar(y + 13, "", after.get(name, 0.0), most, _GREEN))
        tall = max(1, len(before)) * height + 4
        self._parts.append(
            f"<h2>{escape(heading)}</h2><svg role='img' aria-label='{escape(heading)}' width='640' "
            f"height='{tall}' viewBox='0 0 640 {tall}'>{''.join(lines)}</svg>"
        )

    def line(self, heading: str, points: Sequence[tuple[float, float]], unit: str = "") -> None:
        """One line over the steps."""
        if len(points) < 2:
            return
        left, right = points[0][0], points[-1][0]
        low, high = min(v for _, v in points), max(v for _, v in points)
        wide, tall = 560, 180
        scale = (right - left) or 1.0
        drawn = " ".join(
            f"{40 + wide * (x - left) / scale:.1f},{10 + tall * (1 - (v - low) / ((high - low) or 1.0)):.1f}"
            for x, v in points
        )
        self._parts.append(
            f"<h2>{escape(heading)}</h2><svg role='img' aria-label='{escape(heading)}' width='640' "
            "height='215'>"
            f"<polyline fill='none' stroke='{_GREEN}' stroke-width='2' points='{drawn}'/>"
            f"<text x='0' y='15'>{high:.3g}</text><text x='0' y='190'>{low:.3g}</text>"
            f"<text x='40' y='210'>{left:.0f}</text><text x='560' y='210'>{right:.0f} {escape(unit)}</text>"
            "</svg>"
        )

    def intervals(self, heading: str, rows: Sequence[tuple[str, float, float, float]]) -> None:
        """Gains with their intervals around a line at zero: (name, gain, low, high)."""
        far = max([abs(v) for _, _, low, high in rows for v in (low, high)] + [0.05])
        left, middle, step = 290, 450, 26
        scale = (middle - left) / far
        lines = []
        for place, (name, gain, low, high) in enumerate(rows):
            y = 22 + place * step
            colour = "var(--good)" if low > 0 else "var(--bad)" if high < 0 else _GREY
            lines.append(
                f"<text x='0' y='{y + 4}'>{escape(name)}</text>"
                f"<line x1='{middle + scale * low:.1f}' x2='{middle + scale * high:.1f}' y1='{y}' y2='{y}' "
                f"stroke='{colour}' stroke-width='3' stroke-linecap='round'/>"
                f"<circle cx='{middle + scale * gain:.1f}' cy='{y}' r='4.5' fill='{colour}'/>"
                f"<text x='630' y='{y + 4}'>{_prose(f'{gain:+.3f}')}</text>"
            )
        tall = 30 + len(rows) * step
        self._parts.append(
            f"<h2>{escape(heading)}</h2><svg role='img' aria-label='{escape(heading)}' width='700' "
            f"height='{tall}' viewBox='0 0 700 {tall}'>"
            f"<line class='axis' x1='{middle}' x2='{middle}' y1='10' y2='{tall - 14}'/>{''.join(lines)}"
            f"<text class='soft' x='{left}' y='{tall - 2}'>{_prose(f'{-far:+.2f}')} worse</text>"
            f"<text class='soft' x='{middle - 4}' y='{tall - 2}'>0</text>"
            f"<text class='soft' x='{2 * middle - left - 60}' y='{tall - 2}'>{far:+.2f} better</text></svg>"
        )

    def pairs(self, heading: str, pairs: Sequence[Pair]) -> None:
        """Tickets with two drafts each, beside one another."""
        if not pairs:
            self._none(heading)
            return
        self._parts.append(f"<h2>{escape(heading)}</h2>")
        for number, one in enumerate(pairs, 1):
            note = f"{number} of {len(pairs)}{f' · {one.note}' if one.note else ''}"
            answered = (
                f"<p class='name'>What the agent sent</p><p>{escape(one.reply)}</p>" if one.reply else ""
            )
            sides = "".join(
                f"<div><p class='name'>{escape(name)}</p><p>{escape(text) or '—'}</p></div>"
                for name, text in (one.left, one.right)
            )
            self._parts.append(
                f"<section class='pair'><p class='name'>{escape(note)}</p>"
                f"<p><b>{escape(one.asked)}</b></p>{answered}<div class='two'>{sides}</div></section>"
            )

    def examples(self, heading: str, texts: Iterable[str]) -> None:
        """Rendered examples; what stands between ⟦ and ⟧ is marked."""
        shown = (escape(t).replace("⟦", "<mark>").replace("⟧", "</mark>") for t in texts)
        self._parts.append(f"<h2>{escape(heading)}</h2>{''.join(f'<pre>{t}</pre>' for t in shown)}")

    def write(self, path: Path) -> None:
        """The file, whole or not at all."""
        html = (
            f"<!doctype html><html lang='en'><meta charset='utf-8'>"
            f"<meta name='viewport' content='width=device-width'><title>{escape(self._title)}</title>"
            f"<style>{_STYLE}</style><h1>{escape(self._title)}</h1>{''.join(self._parts)}</html>"
        )
        write_whole(path, html.encode())


def _head(title: str, number: bool = False) -> str:
    return f"<th class='n'>{escape(title)}</th>" if number else f"<th>{escape(title)}</th>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"<td class='n'>{_prose(f'{value:,.3f}')}</td>"
    if isinstance(value, int):
        return f"<td class='n'>{_prose(f'{value:,}')}</td>"
    return f"<td>{_prose(str(value))}</td>"


def _prose(text: str) -> str:
    """A sentence of ours: names of commands and settings stand in backticks, and a minus is no hyphen."""
    return _NEGATIVE.sub("−", _NAMED.sub(r"<code>\1</code>", escape(text)))


def _bar(y: float, name: str, value: float, most: float, colour: str) -> str:
    wide = 290 * value / most
    shown = name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"
    return (
        f"<text x='0' y='{y + 12:.0f}'>{escape(shown)}</text>"
        f"<rect x='280' y='{y + 2:.0f}' width='{max(wide, 1):.1f}' height='11' fill='{colour}'/>"
        f"<text x='{286 + wide:.0f}' y='{y + 12:.0f}'>{value:g}</text>"
    )
