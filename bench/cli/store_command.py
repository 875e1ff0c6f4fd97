"""`bench store`: list, verify and clean the artifact store."""

from pathlib import Path

import click

from bench.cli.options import data_option, json_option, plugin_option, store_option


@click.group("store")
def command() -> None:
    """The artifact store: what it holds, whether it is intact, what can go."""


@command.command("ls")
@store_option
@click.option("--stage", metavar="KIND", help="Only artifacts of this kind, such as recover.")
@plugin_option
@json_option
def listing(store: str, stage: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """List artifacts, newest first."""
    import json

    from bench.app.text import size, table
    from bench.core.errors import UnknownName
    from bench.plugin.discovery import load_file
    from bench.storage.store import Store

    for file in plugins:
        load_file(Path(file))
    held = list(Store(store).manifests())
    found = [m for m in held if stage in (None, m.stage)]
    if not found and stage is not None:
        from bench.app.cleaning import stored_kinds

        if stage not in (known := stored_kinds()):
            raise UnknownName.of("kind of artifact", stage, known)
    found.sort(key=lambda m: m.created, reverse=True)
    if as_json:
        rows = [
            {"address": m.address, "stage": m.stage, "label": m.label, "bytes": m.bytes,
             "seconds": m.seconds, "created": m.created}
            for m in found
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=2))
        return
    lines = [
        (m.address[:12], m.stage, m.label, size(m.bytes), f"{m.seconds:.1f} s", m.created[:16])
        for m in found
    ]
    click.echo(table(("address", "stage", "label", "size", "time", "created"), lines))
    click.echo(f"{len(found)} artifacts, {size(sum(m.bytes for m in found))}")


@command.command("verify")
@store_option
def verify(store: str) -> None:
    """Check every artifact against its checksum; exit code 1 if one does not match."""
    from bench.storage.store import Store

    place = Store(store)
    if next(place.addresses(), None) is None:
        click.echo(f"no artifacts in {store}")
        return
    problems = place.verify()
    for problem in problems:
        click.echo(f"corrupt: {problem}")
    click.echo("all artifacts are intact" if not problems else f"{len(problems)} problems")
    raise SystemExit(1 if problems else 0)


@command.command("gc")
@store_option
@data_option
@click.option("--corrupt", is_flag=True, help="Remove artifacts that do not match their checksum.")
@click.option(
    "--keep-study",
    "keep",
    multiple=True,
    metavar="STUDY",
    help="Keep what this study uses, and remove what no kept one does (repeatable).",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    help="A plugin file that kept studies need (repeatable).",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(
    store: str,
    data: str,
    corrupt: bool,
    keep: tuple[str, ...],
    plugins: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Remove leftovers of killed runs, corrupt artifacts, and what no kept study uses.

    Studies are kept as they are declared, in every profile; what ran with --set is not.
    """
    from bench.app.arguments import StudyArguments
    from bench.app.cleaning import addresses_of, collect
    from bench.storage.store import Store

    place = Store(store)
    studies = [StudyArguments(name, plugins=plugins, store=store, data=data) for name in keep]
    kept = addresses_of(studies, place) if studies else None
    click.echo(collect(place, corrupt, kept, dry_run))
