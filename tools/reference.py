"""Reference pages that are made of the code: commands, distillers, evaluators and studies."""

from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass

import click

from bench.cli.main import COMMANDS, cli
from bench.plugin.discovery import get, names
from bench.plugin.registry import Kind, Registered
from bench.plugin.space import Choice, Space
from bench.study.catalog import load_study, study_names
from bench.study.overrides import type_text


def pages() -> dict[str, str]:
    """Name -> Markdown."""
    return {
        "commands": _commands(),
        "distillers": _plugins("distiller", "Distillers"),
        "evaluators": _plugins("evaluator", "Evaluators"),
        "studies": _studies(),
    }


def _commands() -> str:
    parts = ["# Commands", "What `bench COMMAND --help` prints."]
    with click.Context(cli, info_name="bench", max_content_width=100) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            parts += _help(command, context, f"bench {name}", 2)
    return _joined(parts)


def _help(command: click.Command, parent: click.Context, title: str, level: int) -> list[str]:
    name = title.rpartition(" ")[2]
    with click.Context(command, info_name=name, parent=parent, max_content_width=100) as context:
        parts = [f"{'#' * level} {title}", f"```\n{command.get_help(context)}\n```"]
        if isinstance(command, click.Group):
            for inner, child in command.commands.items():
                parts += _help(child, context, f"{title} {inner}", level + 1)
    return parts


def _plugins(kind: Kind, title: str) -> str:
    found = [get(kind, name) for name in names(kind)]
    use = f"By name in a study's rows or on the command line; `bench show NAME` prints the same. A \
{kind} of your own is one file: see the [overview](../overview.md#add-a-distiller-in-30-lines)."
    return _joined([f"# {title}", use, *(part for plugin in found for part in _plugin(plugin))])


def _plugin(plugin: Registered) -> list[str]:
    module = (plugin.factory.__globals__.get("__doc__") or "").strip()
    kinds = (n if isinstance(n, type) else type(n) for n in plugin.factory().needs)
    needs = ", ".join(dict.fromkeys(f"`{kind.__name__}`" for kind in kinds))
    rows = [
        (
            f"`{f.name}`",
            f"`{type_text(f.type)}`",
            _default(f.default),
            _space(plugin.space.get(f.name)),
        )
        for f in plugin.fields().values()
    ]
    fields = _table(("parameter", "type", "default", "search space"), rows)
    lead = f"{plugin.doc} Needs {needs or 'nothing'}."
    title = f"## {plugin.name} {{ #{plugin.name} }}"  # a mark of its own: sre2l++ is not sre2l
    return [title, lead, fields if rows else "No parameters.", module]


def _studies() -> str:
    studies = [load_study(name) for name in study_names()]
    rows = [
        (f"`{s.name}`", s.title, ", ".join(s.items), str(len(s.rows)), ", ".join(map(str, s.ipcs)))
        for s in studies
    ]
    use = "`bench run NAME`; the seeds, students and lengths are those of the `--profile`."
    heads = ("study", "what it shows", "makes", "rows", "IPC")
    return _joined(["# Studies", use, _table(heads, rows)])


def _default(value: object) -> str:
    return "the recipe's" if is_dataclass(value) else f"`{value}`"


def _space(space: Space | None) -> str:
    if isinstance(space, Choice):
        return ", ".join(f"`{option}`" for option in space.options)
    if space is None:
        return ""
    return f"{space.low:g} to {space.high:g}{', logarithmic' if space.log else ''}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
                     for line in lines)  # fmt: skip


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
