"""`bench data`: list, prepare and verify data sets."""

import json
from pathlib import Path

import click

from bench.app.text import table
from bench.cli.options import data_option, json_option, plugin_option


@click.group("data")
def command() -> None:
    """Data sets: what is known, what is here, whether it is intact."""


@command.command("list")
@data_option
@plugin_option
@json_option
def listing(data: str, plugins: tuple[str, ...], as_json: bool) -> None:
    """List data sets and their state."""
    _load(plugins)
    from dataclasses import asdict

    from bench.data.prepare import list_datasets
    from bench.plugin.registry import registered

    plugged = {entry.name: entry.factory() for entry in registered("dataset")}
    rows = list_datasets(Path(data).expanduser(), plugged)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    lines = [
        (
            r.name,
            str(r.classes),
            f"{r.resolution} px",
            count(r.train),
            count(r.test),
            r.state,
            r.licence,
        )
        for r in rows
    ]
    click.echo(table(("name", "classes", "side", "train", "test", "state", "licence"), lines))


@command.command("prepare")
@click.argument("name")
@data_option
@plugin_option
@click.option("--download", is_flag=True, help="Download where the source offers it.")
def prepare(name: str, data: str, plugins: tuple[str, ...], download: bool) -> None:
    """Decode NAME once into the memory-mapped cache (a name, NAME@SIDE, or an image folder)."""
    _load(plugins)
    from bench.app.session import find_spec
    from bench.data.prepare import prepare as prepare_splits

    for split in prepare_splits(find_spec(name), Path(data).expanduser(), download):
        click.echo(f"{name} {split.split}: {split.count} images, digest {split.digest[:12]}")


@command.command("verify")
@click.argument("name")
@data_option
@plugin_option
def verify(name: str, data: str, plugins: tuple[str, ...]) -> None:
    """Check the cache of NAME against its digest and its source; exit code 1 on a difference."""
    _load(plugins)
    from bench.app.session import find_spec
    from bench.data.prepare import verify as verify_splits

    problems = verify_splits(find_spec(name), Path(data).expanduser())
    for problem in problems:
        click.echo(f"{problem.path}: {problem.text}")
    click.echo(f"{name} is intact" if not problems else f"{len(problems)} problems")
    raise SystemExit(1 if problems else 0)


def _load(plugins: tuple[str, ...]) -> None:
    from bench.plugin.discovery import load_file

    for file in plugins:
        load_file(Path(file))


def count(value: int | None) -> str:
    return "?" if value is None else str(value)
