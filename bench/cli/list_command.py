"""`bench list`: what can be named on the command line."""

import json
from os.path import isfile
from pathlib import Path

import click

from bench.app.text import table
from bench.cli.options import json_option

KINDS = (
    "distillers", "evaluators", "datasets", "architectures", "recipes", "studies", "sweeps"
)  # fmt: skip


@click.command("list")
@click.argument("kind", required=False, type=click.Choice(KINDS))
@click.option("--plugin", "plugins", multiple=True, metavar="FILE", help="Also list this file's.")
@json_option
def command(kind: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """List whatever can be named: distillers, data sets, networks, ...; broken ones say why."""
    entries = _plugins(plugins) + _datasets() + _architectures() + _recipes() + _studies()
    if kind:
        entries = [entry for entry in entries if entry["kind"] == kind]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    rows = [
        (e["kind"], e["name"], f"BROKEN: {e['error']}" if e["error"] else e["about"])
        for e in entries
    ]
    click.echo(table(("kind", "name", "about"), rows))


def _plugins(files: tuple[str, ...]) -> list[dict[str, str]]:
    from bench.core.errors import BenchError, BrokenPlugin
    from bench.plugin.discovery import listing, load_file

    broken = []
    for file in files:
        if not isfile(file):
            raise BrokenPlugin(f"plugin file {file}: expected a Python file, but it does not exist")
        try:
            load_file(Path(file))
        except BenchError as error:
            broken.append(_entry("distillers", Path(file).stem, "", file, str(error)))
    return [
        _entry(f"{item.kind}s", item.name, item.doc, item.source, item.error) for item in listing()
    ] + broken


def _datasets() -> list[dict[str, str]]:
    from bench.data.builtin import BUILTIN

    return [
        _entry(
            "datasets",
            name,
            f"{spec.num_classes} classes, {spec.channels}x{spec.resolution}x{spec.resolution}",
            "built in",
        )
        for name, spec in sorted(BUILTIN.items())
    ]


def _architectures() -> list[dict[str, str]]:
    from bench.models.archs import ARCHS

    about = "a network for teachers and students; others: bench/models/build.py, timm"
    return [_entry("architectures", name, about, "built in") for name in ARCHS]


def _recipes() -> list[dict[str, str]]:
    from bench.study.presets import recipe_about, recipe_names

    return [_entry("recipes", name, recipe_about(name), "built in") for name in recipe_names()]


def _studies() -> list[dict[str, str]]:
    from bench.study.catalog import study_names, study_title, sweep_names, sweep_title

    return [
        *(_entry("studies", name, study_title(name), "built in") for name in study_names()),
        *(_entry("sweeps", name, sweep_title(name), "built in") for name in sweep_names()),
    ]


def _entry(kind: str, name: str, about: str, source: str, error: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "about": about, "source": source, "error": error}
