"""One HTML file without anything from outside: figures, bars and lines as SVG, examples side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from agent_assist.files import write_whole

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;
color:#1d2327;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse}
td,th{padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #e3e6e8}
td.n{text-align:right;font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;background:#f6f7f8;padding:.75rem}
mark{background:#cfe8dc;color:inherit}svg text{font:12px system-ui,sans-serif;fill:#1d2327}
@media(prefers-color-scheme:dark){body{background:#16191c;color:#e6e8ea}td,th{border-color:#343a40}
pre{background:#1f2428}svg text{fill:#e6e8ea}mark{background:#1f5a41}}
"""
_LABEL = 44
"""Characters of a bar's label that have room."""
_GREEN, _GREY = "#2f855a", "#9aa5ad"


class Report:
    """Sections in the order in which they are added."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []

    def text(self, heading: str, *paragraphs: str) -> None:
        self._parts.append(f"<h2>{escape(heading)}</h2>")
        self._parts += [f"<p>{escape(p)}</p>" for p in paragraphs]

    def table(self, heading: str, rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> None:
        top = f"<tr>{''.join(f'<th>{escape(h)}</th>' for h in head)}</tr>" if head else ""
        lines = "".join(f"<tr>{''.join(_cell(c) for c in row)}</tr>" for row in rows)
        self._parts.append(f"<h2>{escape(heading)}</h2><table>{top}{lines}</table>")

    def bars(
        self, heading: str, before: Sequence[tuple[str, float]], after: Mapping[str, float] | None = None
    ) -> None:
        """Horizontal bars; with `after`, grey is before and green is after."""
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

    def examples(self, heading: str, texts: Iterable[str]) -> None:
        """Rendered examples; what stands between ⟦ and ⟧ is marked."""
        shown = (escape(t).replace("⟦", "<mark>").replace("⟧", "</mark>") for t in texts)
        self._parts.append(f"<h2>{escape(heading)}</h2>{''.join(f'<pre>{t}</pre>' for t in shown)}")

    def write(self, path: Path) -> None:
        """The file, whole or not at all."""
        html = (
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(self._title)}</title>"
            f"<style>{_STYLE}</style><h1>{escape(self._title)}</h1>{''.join(self._parts)}</html>"
        )
        write_whole(path, html.encode())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"<td class='n'>{value:,.3f}</td>"
    if isinstance(value, int):
        return f"<td class='n'>{value:,}</td>"
    return f"<td>{escape(str(value))}</td>"


def _bar(y: float, name: str, value: float, most: float, colour: str) -> str:
    wide = 290 * value / most
    shown = name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"
    return (
        f"<text x='0' y='{y + 12:.0f}'>{escape(shown)}</text>"
        f"<rect x='280' y='{y + 2:.0f}' width='{max(wide, 1):.1f}' height='11' fill='{colour}'/>"
        f"<text x='{286 + wide:.0f}' y='{y + 12:.0f}'>{value:g}</text>"
    )
