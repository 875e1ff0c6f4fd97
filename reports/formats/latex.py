"""Tables as LaTeX with booktabs: a snippet to include, and a document that compiles alone."""

import re
from collections.abc import Sequence
from unicodedata import normalize

from reports.pages.sections import Page
from reports.tables.entries import Column, Entry, Table, grouped, slug

SYMBOLS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedblright{}",
    "[": "{[}", "]": "{]}", "*": "{*}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
    "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "–": "--", "—": "---", "…": r"\dots{}",
    "−": "$-$", "≥": r"$\geq$", "≤": r"$\leq$", "→": r"$\to$", "λ": r"$\lambda$", "µ": r"$\mu$",
    "μ": r"$\mu$", "σ": r"$\sigma$", "α": r"$\alpha$", "β": r"$\beta$", "τ": r"$\tau$",
    "\u2019": "'", "²": r"$^2$", "\u00a0": "~",
}  # fmt: skip
SIGN = re.compile(r"(?<![\w.)])([+-])(?=\d)")
HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp,booktabs,graphicx}
\usepackage[a4paper,margin=2cm]{geometry}
\newcommand{\fitted}[1]{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{#1}}
"""
SNIPPET = r"""% Needs \usepackage{booktabs,graphicx,textcomp}.
\providecommand{\fitted}[1]{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{#1}}
"""


def snippet(tables: Sequence[Table]) -> str:
    """Floating tables to `\\input` into a paper."""
    return SNIPPET + "\n".join(table_latex(table) for table in tables)


def document(page: Page) -> str:
    """The report's warnings, tables and footnotes as a document."""
    info = page.info
    alarms = [f"\\item[{a.level}] {escape(a.text)}" for a in page.alarms]
    notes = [f"\\item {escape(text)}" for text in page.footnotes]
    parts = [
        HEAD,
        f"\\title{{{escape(info.title)}}}\\author{{}}\\date{{}}",
        "\\begin{document}\n\\maketitle",
        escape(info.description),
        _list("description", alarms),
        *(table_latex(table, float_="!htbp") for table in page.tables),
        "\\section*{The paper's numbers}\n" + _list("itemize", notes) if notes else "",
        f"\\section*{{Made by}}\n\\texttt{{{escape(info.command)}}}" if info.command else "",
        "\\end{document}\n",
    ]
    return "\n\n".join(part for part in parts if part)


def book_document(title: str, chapters: Sequence[tuple[str, Sequence[Table]]]) -> str:
    """Chapters (name, tables) as one document that compiles alone."""
    parts = [
        HEAD,
        f"\\title{{{escape(title)}}}\\author{{}}\\date{{}}",
        "\\begin{document}\n\\maketitle",
    ]
    for name, tables in chapters:
        parts += [f"\\section*{{{escape(name)}}}"]
        parts += [*(table_latex(table, float_="!htbp") for table in tables), "\\clearpage"]
    return "\n\n".join([*parts, "\\end{document}\n"])


def table_latex(table: Table, float_: str = "t") -> str:
    """One floating table, scaled down where it is wider than the line."""
    spec = "".join("r" if column.kind == "number" else "l" for column in table.columns)
    lines = ["\\toprule", _row([escape(column.name) for column in table.columns]), "\\midrule"]
    for i, (heading, members) in enumerate(grouped(table.lines)):
        lines += ["\\addlinespace"] if i and heading else []
        if heading:
            lines.append(f"\\multicolumn{{{len(spec)}}}{{l}}{{\\emph{{{escape(heading)}}}}} \\\\")
        lines += [
            _row([_set(c, e) for c, e in zip(table.columns, line.entries, strict=True)])
            for line in members
        ]
    notes = " ".join(escape(note) for note in table.notes)
    return "\n".join(
        [
            f"\\begin{{table}}[{float_}]\n\\centering",
            f"\\caption{{{escape(table.title)}. {notes}}}\n\\label{{tab:{slug(table.key)}}}",
            f"\\fitted{{\\begin{{tabular}}{{{spec}}}",
            *lines,
            "\\bottomrule\n\\end{tabular}}\n\\end{table}\n",
        ]
    )


def escape(value: str) -> str:
    """Text that LaTeX prints as it is; letters beyond its fonts become ASCII or their code."""
    return "".join(_symbol(c) for c in " ".join(value.split()))


def _symbol(c: str) -> str:
    if c in SYMBOLS:
        return SYMBOLS[c]
    if c.isascii() or ("À" <= c <= "ÿ"):
        return c
    plain = normalize("NFKD", c).encode("ascii", "ignore").decode()
    return escape(plain) if plain else f"(U+{ord(c):04X})"


def _set(column: Column, entry: Entry) -> str:
    shown = escape(entry.text)
    if column.kind == "number":
        shown = SIGN.sub(r"$\1$", shown)
    if column.kind == "code":
        shown = f"\\texttt{{{shown}}}"
    return f"\\textbf{{{shown}}}" if entry.tone == "strong" else shown


def _row(entries: Sequence[str]) -> str:
    return " & ".join(entries) + r" \\"


def _list(kind: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return "\n".join([f"\\begin{{{kind}}}", *items, f"\\end{{{kind}}}"])
