"""The board: one self-contained page of results, with claims beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt
from statistics import mean, stdev

from scipy.stats import t

from bench.exchange.claims import Claim
from bench.exchange.results import Conflict, Row

Point = tuple[str, str, int, str, str, str]  # row, data set, IPC, evaluator, student, recipe


@dataclass(frozen=True)
class Line:
    """One method at one point: ours with a 95 % interval, and what was claimed, in percent."""

    point: Point
    value: float
    half: float | None
    n: int
    claims: tuple[Claim, ...]

    @property
    def verdict(self) -> str:
        """What our interval says of the claims."""
        if not self.claims:
            return "no claim"
        if self.half is None:
            return "one seed: no verdict"
        within = [abs(c.value - self.value) <= self.half + (c.error or 0) for c in self.claims]
        if all(within):
            return "agrees"
        return "differs in part" if any(within) else "differs"


def lines_of(rows: Sequence[Row], claims: Sequence[Claim]) -> list[Line]:
    """Rows by method and point; scores of one seed are averaged first."""
    found: dict[Point, dict[str, list[float]]] = {}
    methods: dict[Point, str] = {}
    for r in rows:
        point = (str(r["row"]), str(r["dataset"]), int(str(r["ipc"])), str(r["evaluator"]),
                 str(r["student"]), str(r["recipe"]))  # fmt: skip
        seeds = found.setdefault(point, {})
        seeds.setdefault(str(r["seed"]), []).append(100 * float(str(r["top1"])))
        methods[point] = str(r.get("distiller", ""))
    lines = []
    for point, seeds in found.items():
        values = [mean(scores) for scores in seeds.values()]
        n = len(values)
        half = float(t.ppf(0.975, n - 1)) * stdev(values) / sqrt(n) if n > 1 else None
        here = tuple(c for c in claims if _same(c, point, methods[point]))
        lines.append(Line(point, mean(values), half, n, here))
    return sorted(lines, key=lambda line: (line.point[1:3], -line.value))


def _same(claim: Claim, point: Point, distiller: str) -> bool:
    names = {point[0].lower(), distiller.lower()}
    return claim.method.lower() in names and point[1:5] == (
        claim.dataset, claim.ipc, claim.evaluator, claim.student
    )  # fmt: skip


STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.4rem .6rem;text-align:left;border-bottom:1px solid #ddd;white-space:nowrap}
th button{font:inherit;font-weight:600;border:0;background:none;padding:0;cursor:pointer}
.n{text-align:right;font-variant-numeric:tabular-nums}.differs{color:#a40000}"""
SCRIPT = """const body=document.querySelector('#board tbody');
const pick=document.querySelector('#recipe');let up=1;
document.querySelectorAll('#board th button').forEach((b,i)=>b.onclick=()=>{up=-up;
const key=r=>r.cells[i].dataset.sort??r.cells[i].textContent;
[...body.rows].sort((x,y)=>{const p=key(x),q=key(y),d=p-q;
return up*(Number.isNaN(d)?p.localeCompare(q):d)}).forEach(r=>body.append(r))});
pick.onchange=()=>[...body.rows].forEach(r=>r.hidden=pick.value&&r.dataset.recipe!==pick.value);"""
HEADS = ("method", "data set", "IPC", "evaluator", "student", "recipe", "top-1 in %", "seeds",
         "claims in %", "verdict")  # fmt: skip


def board_html(
    rows: Sequence[Row],
    claims: Sequence[Claim],
    conflicts: Sequence[Conflict],
    sources: Sequence[str],
) -> str:
    """The page; it needs no network and no other file."""
    lines = lines_of(rows, claims)
    recipes = sorted({line.point[5] for line in lines})
    options = "".join(f"<option>{escape(name)}</option>" for name in recipes)
    heads = "".join(f"<th><button>{head}</button></th>" for head in HEADS)
    body = "".join(map(_row, lines))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Board</title><style>{STYLE}</style></head><body><h1>Board</h1>"
        f"<p>From {escape(', '.join(sources))}. ± is half of a 95 % interval over seeds "
        "(Student's t). A claim agrees where it lies within it and its own error.</p>"
        f"{_conflicts(conflicts)}"
        f'<p><label>Recipe <select id="recipe"><option value="">all</option>{options}</select>'
        '</label></p><div class="wide"><table id="board">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _row(line: Line) -> str:
    texts = "".join(f"<td>{escape(str(part))}</td>" for part in line.point)
    error = f" ± {line.half:.1f}" if line.half is not None else ""
    claimed = "; ".join(f"{c.value:g} ({c.kind}, {c.source})" for c in line.claims)
    mark = "differs" if line.verdict.startswith("differs") else ""
    return (
        f'<tr data-recipe="{escape(line.point[5])}">{texts}'
        f'<td class="n" data-sort="{line.value}">{line.value:.1f}{error}</td>'
        f'<td class="n">{line.n}</td><td>{escape(claimed)}</td>'
        f'<td class="{mark}">{line.verdict}</td></tr>'
    )


def _conflicts(conflicts: Sequence[Conflict]) -> str:
    if not conflicts:
        return ""
    items = "".join(
        f"<li><code>{escape(c.address)}</code>: "
        + "; ".join(f"{100 * score:.2f} % ({escape(name)})" for name, score in c.scores)
        + "</li>"
        for c in conflicts
    )
    return f"<h2>Conflicts</h2><p>Same address, different scores.</p><ul>{items}</ul>"
