"""`bench check`: hold a plugin file against the contract."""

from pathlib import Path

import click

from bench.cli.options import data_option
from bench.plugin.registry import Kind


@click.command("check")
@click.argument("file")
@data_option
def command(file: str, data: str) -> None:
    """Run the contract tests on a plugin FILE, or on a registered name such as `wmdd` or `fkd`."""
    from bench.app.checking import Check, check_plugin
    from bench.app.session import find_source
    from bench.graph.request import Source
    from bench.plugin.discovery import get, load_file, names
    from bench.tracking.curves import Curves

    root = Path(data).expanduser()
    kind: Kind = "evaluator" if file in names("evaluator") else "distiller"
    found = load_file(Path(file)) if file.endswith(".py") else [get(kind, file)]

    def tell(check: Check) -> None:
        click.echo(f"  {'ok  ' if check.ok else 'FAIL'}  {check.name}")
        if check.detail:
            click.echo(f"        {check.detail}")

    def locate(name: str) -> Source:
        return find_source(name, root)

    failed = 0
    for plugin in found:
        click.echo(f"{plugin.kind} {plugin.name}")
        checks = check_plugin(plugin, locate, root, watch=Curves, tell=tell)
        failed += sum(not check.ok for check in checks)
    click.echo("all clauses hold" if not failed else f"{failed} clauses broken")
    raise SystemExit(1 if failed else 0)
