"""Small drawings inside the HTML page: intervals in table rows, shares of stages, inlined figures.

Only numbers enter the SVG of the glyphs; colours come from the page's style sheet.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from reports.figures.drawing import INK, MUTED, OURS, PAGE, PAPER, RULE

HEIGHT = 20  # pixels; a drawing's middle is at half of it
Span = tuple[float, float]
WIDE, NARROW = 240, 140  # pixels from end to end
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
    width: int = WIDE,
) -> str:
    """Mean, interval, single values and the paper's value on a common axis."""

    def at(value: float) -> float:
        return _x(value, reach, width)

    parts = [f'<line class="axis" x1="0" x2="{width}" y1="10" y2="10"/>']
    if zero is not None:
        parts.append(f'<line class="zero" x1="{at(zero)}" x2="{at(zero)}" y1="2" y2="18"/>')
    parts += [f'<circle class="dot" cx="{at(v)}" cy="10" r="1.6"/>' for v in dots]
    if low is not None and high is not None:
        ends = f'x1="{at(low)}" x2="{at(high)}"'
        parts.append(f'<line class="reach" {ends} y1="10" y2="10"/>')
    parts.append(_mean(mean, reach, at(mean)))
    if paper is not None:
        x = at(paper)
        parts.append(f'<path class="paper" d="M{x} 5l4.5 5l-4.5 5l-4.5 -5z"/>')
    box = f'viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
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
    body = _own_names(body, sha256(svg).hexdigest()[:8])
    return f'<svg class="figure" role="img" {box.group() if box else ""}>{body}'


def _own_names(body: str, mark: str) -> str:
    """Names within a drawing made its own: two that share a clip path would share its size."""
    body = re.sub(r'\bid="([^"]*)"', rf'id="{mark}-\1"', body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", body)


def _mean(value: float, reach: Span, x: float) -> str:
    """A dot, or an arrow at the edge where the value is out of reach."""
    if reach[0] <= value <= reach[1]:
        return f'<circle class="mean" cx="{x}" cy="10" r="3.6"/>'
    tip = 5 if value > reach[1] else -5
    return f'<path class="mean" d="M{x} 10l{-tip} -4.5v9z"/>'


def _x(value: float, reach: Span, width: int) -> float:
    """Pixels from the left; what is out of reach stands at the edge."""
    low, high = reach
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return round(5 + (width - 10) * share, 1)
