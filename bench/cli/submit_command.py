"""`bench submit`: let an engine that exists start workers on a shared store."""

import re
import subprocess
from pathlib import Path

import click

from bench.app.arguments import StudyArguments
from bench.cli.study_arguments import study_options
from bench.core.errors import BadValue

NAMES = ("slurm", "kubernetes", "skypilot", "ray")


@click.command("submit")
@study_options
@click.option("--engine", type=click.Choice(NAMES), required=True, help="What starts the workers.")
@click.option(
    "--workers",
    type=click.IntRange(1, 100_000),
    required=True,
    help="Identical workers, not cells.",
)
@click.option("--now", is_flag=True, help="Submit, and not only write the files.")
@click.option("--out", metavar="DIR", help="Folder of the files [submit/<study>-<engine>].")
@click.option(
    "--gpus",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Of each worker; ray takes fractions.",
)
@click.option("--cpus", type=click.IntRange(min=1), default=8, show_default=True, help="Each.")
@click.option(
    "--memory", type=click.IntRange(min=1), default=32, show_default=True, help="GiB each."
)
@click.option(
    "--hours",
    type=click.FloatRange(min=0.1),
    default=24.0,
    show_default=True,
    help="Time limit of a worker under slurm; it then goes on in the queue.",
)
@click.option(
    "--image", default="", metavar="IMAGE", help="Container image (kubernetes, skypilot)."
)
@click.option(
    "--volume", default="", metavar="CLAIM:PATH", help="Shared volume and where it is mounted."
)
@click.option(
    "--partition",
    default="",
    metavar="NAME",
    help="slurm: partition; skypilot: accelerator; ray: address of the cluster.",
)
@click.option(
    "--max-array",
    type=click.IntRange(min=1),
    default=1001,
    show_default=True,
    help="MaxArraySize of the Slurm cluster (scontrol show config).",
)
@click.option("--tracking-uri", metavar="URI", help="MLflow server; without one nothing is logged.")
def command(
    arguments: StudyArguments,
    engine: str,
    workers: int,
    now: bool,
    out: str | None,
    gpus: float,
    cpus: int,
    memory: int,
    hours: float,
    image: str,
    volume: str,
    partition: str,
    max_array: int,
    tracking_uri: str | None,
) -> None:
    """Write what starts N workers that share the cells of STUDY, and a last step that reports.

    The workers are `bench run STUDY --join` on one store, which all of them must see.
    """
    from bench.app.session import Finder, planned
    from bench.engines.catalog import engine_named
    from bench.engines.job import Job
    from bench.storage.remote import place_at
    from bench.storage.store import write_atomically
    from bench.tracking.tracker import check_uri

    if out is not None and not out.strip():
        raise BadValue(f"--out: expected a folder, given {out!r}")
    if tracking_uri is not None:
        check_uri(tracking_uri)
    if "://" not in arguments.store:  # a URL may need packages that the workers alone have
        place_at(arguments.store)
    planned(arguments, Finder(arguments.data_root))
    chosen = engine_named(engine)
    store = arguments.store if "://" in arguments.store else str(Path(arguments.store).absolute())
    name = re.sub(r"[^a-z0-9]+", "-", Path(arguments.study).stem.lower()).strip("-") or "study"
    job = Job(
        name=f"bench-{name}",
        words=words_of(arguments, store),
        store=store,
        workers=workers,
        run=["--tracking-uri", tracking_uri] if tracking_uri else ["--no-tracking"],
        gpus=gpus,
        cpus=cpus,
        memory=memory,
        hours=hours,
        image=image,
        volume=mounted(volume),
        partition=partition,
        largest_array=max_array,
    )
    folder = Path(out) if out else Path("submit") / f"{name}-{engine}"
    for file, text in chosen.files(job).items():
        write_atomically(folder / file, text)
        click.echo(f"wrote {folder / file}")
    for line in chosen.commands(job):
        if not now:
            click.echo(f"submit with: cd {folder} && {line}")
            continue
        code = subprocess.run(line, shell=True, cwd=folder, check=False).returncode
        if code:
            raise SystemExit(code)


def words_of(arguments: StudyArguments, store: str) -> list[str]:
    """The study and its options, as they are typed behind `bench run`; paths made absolute."""
    study = arguments.study
    words = [str(Path(study).absolute()) if Path(study).is_file() else study]
    words += ["--profile", arguments.profile]
    for setting in arguments.settings:
        words += ["--set", setting]
    for plugin in arguments.plugins:
        words += ["--plugin", str(Path(plugin).absolute())]
    return [*words, "--store", store, "--data", arguments.data]


def mounted(volume: str) -> tuple[str, str]:
    """The claim and the path of CLAIM:PATH; both empty where nothing was given."""
    claim, mark, path = volume.partition(":")
    if volume and not (claim and mark and path.startswith("/")):
        raise click.BadParameter(f"expected CLAIM:/PATH, given {volume!r}", param_hint="--volume")
    return claim, path
