"""Small drawings inside the HTML page: intervals in table rows, shares of stages, inlined figures.

Only numbers enter the SVG of the glyphs; colours come from the page's style sheet.
"""

import re
from collections.abc import Sequence

from reports.drawing import INK, MUTED, OURS, PAGE, PAPER, RULE

WIDTH, HEIGHT = 168, 20
Span = tuple[float, float]
COLOURS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    OURS: "var(--ours)",
    PAPER: "var(--paper)",
    PAGE: "var(--page)",
}


def span(values: Sequence[float], margin: float = 0.06) -> Span:
    """A range that holds all values with a margin."""
    low, high = min(values), max(values)
    pad = margin * (high - low) or max(abs(high), 1e-3) * margin
    return low - pad, high + pad


def interval_glyph(
    mean: float,
    low: float | None,
    high: float | None,
    reach: Span,
    dots: Sequence[float] = (),
    paper: float | None = None,
    zero: float | None = None,
) -> str:
    """Mean, interval, single values and the paper's value on a common axis."""
    parts = [f'<line class="axis" x1="0" x2="{WIDTH}" y1="10" y2="10"/>']
    if zero is not None:
        parts.append(_upright(zero, reach, "zero"))
    parts += [f'<circle class="dot" cx="{_x(v, reach)}" cy="10" r="1.6"/>' for v in dots]
    if low is not None and high is not None:
        ends = f'x1="{_x(low, reach)}" x2="{_x(high, reach)}"'
        parts.append(f'<line class="reach" {ends} y1="10" y2="10"/>')
    parts.append(f'<circle class="mean" cx="{_x(mean, reach)}" cy="10" r="4"/>')
    if paper is not None:
        x = _x(paper, reach)
        parts.append(f'<path class="paper" d="M{x} 5l4.5 5l-4.5 5l-4.5 -5z"/>')
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg class="glyph" {box} aria-hidden="true">{"".join(parts)}</svg>'


def shares(values: Sequence[float]) -> list[float]:
    """Percent of the sum, to one decimal; empty where the sum is zero."""
    total = sum(values)
    return [round(100 * value / total, 1) for value in values] if total else []


def inline(svg: bytes) -> str:
    """A drawn figure as an element of the page: its colours follow the theme."""
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :]
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r"font: ([^;\"]*?px)[^;\"]*", r"font: \1 system-ui, sans-serif", body)
    for colour, variable in COLOURS.items():
        body = body.replace(colour, variable)
    return f'<svg class="figure" role="img" {box.group() if box else ""}>{body}'


def _upright(value: float, reach: Span, name: str) -> str:
    x = _x(value, reach)
    return f'<line class="{name}" x1="{x}" x2="{x}" y1="2" y2="18"/>'


def _x(value: float, reach: Span) -> float:
    low, high = reach
    return round(5 + (WIDTH - 10) * (value - low) / (high - low), 1)
