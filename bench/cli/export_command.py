"""`bench export`: a synthetic set of the store in a layout that others read."""

from dataclasses import replace
from pathlib import Path

import click

from bench.cli.options import data_option, store_option


@click.command("export")
@click.argument("address")
@click.option("--dataset", required=True, help="The data set that it was made of.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["folder", "dc", "ddranking", "hub", "own"]),
    default="hub",
    show_default=True,
)
@click.option("--out", required=True, metavar="DIR", help="A new folder.")
@store_option
@data_option
def command(address: str, dataset: str, kind: str, out: str, store: str, data: str) -> None:
    """Export the synthetic set at ADDRESS (or the beginning of one) into a folder."""
    from bench.app.session import find_spec
    from bench.artifacts.values import SyntheticSet
    from bench.core.errors import BadValue
    from bench.data.prepare import ensure
    from bench.exchange.exporting import Described, Scored, export
    from bench.storage.store import Store

    if not out.strip():
        raise BadValue(f"--out: expected a new folder, given {out!r}")
    shelf = Store(store)
    found = list(shelf.addresses(address))
    if len(found) != 1:
        raise BadValue(
            f"address: expected the beginning of one artifact's, given {address!r}, which fits "
            f"{len(found)}; see `bench store ls`"
        )
    manifest, spec = shelf.manifest(found[0]), find_spec(dataset)
    made = shelf.load(found[0], SyntheticSet)
    teacher = manifest.upstream.get("squeeze", "")
    about = Described(
        name=f"{spec.name.replace('/', '-')}-{found[0][:8]}",
        dataset=dataset,
        licence=spec.licence,
        classes=ensure(spec, "train", Path(data).expanduser())[0].classes,
        mean=spec.mean,
        std=spec.std,
        recipe=manifest.config if isinstance(manifest.config, dict) else {},
        teacher=shelf.manifest(teacher).sha256 if teacher and shelf.has(teacher) else "",
    )
    known = (m for m in shelf.manifests() if m.kind == "Score" and found[0] in m.upstream.values())
    scores = tuple(
        Scored(
            m.config["evaluator"], m.meta["top1"], m.seed or 0,
            m.config.get("student", {}).get("arch", ""), m.address, m.created,
        )
        for m in known
    )  # fmt: skip
    about = replace(about, scores=tuple(sorted(scores, key=lambda s: (s.evaluator, s.seed))))
    for line in export(made, about, Path(out), kind):
        click.echo(f"note: {line}", err=True)
    click.echo(f"{kind}: {out}")
