"""`bench score`: the score of a synthetic set that others made."""

from typing import Any

import click

from bench.cli.options import data_option, device_option, store_option


@click.command("score")
@click.argument("path")
@click.option("--dataset", required=True, help="The data set that it stands for, such as cifar10.")
@click.option("--evaluator", default="convnet-dc", show_default=True)
@click.option("--recipe", default="convnet-dc", show_default=True)
@click.option("--student", default="", help="Architecture; by default the recipe's.")
@click.option("--seeds", type=click.IntRange(1, 10_000), default=5, show_default=True)
@click.option(
    "--profile",
    type=click.Choice(["smoke", "quick", "paper"]),
    default="paper",
    show_default=True,
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override a value.")
@click.option("--layout", default="", help="Instead of the layout that is recognised.")
@click.option(
    "--index", type=click.IntRange(min=0), default=0, help="Which of several sets in a file."
)
@click.option("--mean", default="", help="Mean of the file's own normalisation, comma-separated.")
@click.option("--std", default="", help="Standard deviation of the file's own normalisation.")
@click.option("--class-order", default="", help="Class names in the order of the file's labels.")
@click.option(
    "--factor", type=click.IntRange(min=0), default=0, help="Of IDC's decoder, such as 2."
)
@click.option("--labels", type=click.Path(exists=True), help="A folder of FKD labels to count.")
@click.option(
    "--teacher-check",
    type=click.Choice(["auto", "train", "off"]),
    default="auto",
    show_default=True,
    help="Ask a teacher about classes and normalisation: one at hand, a new one, or none.",
)
@click.option("--check-only", is_flag=True, help="Train no student.")
@store_option
@data_option
@device_option
def command(path: str, store: str, data: str, device: str, **given: Any) -> None:
    """Score the synthetic set at PATH, a file, a folder, or an address of the store.

    Nothing in the file is executed. Its layout is recognised and told; see docs/exchange.md.
    """
    from pathlib import Path

    from bench.app.arguments import StudyArguments
    from bench.app.running import RunOptions, run_study
    from bench.app.scoring import labels_line, located, opened, read_set, teacher_lines
    from bench.core.errors import BadValue
    from bench.exchange.fitting import Reading
    from bench.exchange.scoring import Scoring
    from bench.execution.workshop import Workshop
    from bench.stages.compute import choose_device

    def numbers(name: str) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in given[name].split(",") if part)
        except ValueError:
            raise BadValue(
                f"--{name}: expected numbers such as 0.5,0.5,0.5, given {given[name]!r}"
            ) from None

    order = tuple(part for part in given["class_order"].split(",") if part)
    reading = Reading(numbers("mean"), numbers("std"), order, given["factor"])
    place, root = located(path, store), Path(data).expanduser()
    chosen = choose_device(device)
    made, lines = read_set(place, given["dataset"], root, given["layout"], given["index"], reading)
    if given["labels"]:
        lines.append(labels_line(Path(given["labels"])))
    params = {"layout": given["layout"], "index": given["index"], "factor": given["factor"]}
    params |= {"mean": reading.mean, "std": reading.std, "class_order": order}
    scoring = Scoring(
        place,
        given["dataset"],
        int(made.labels.bincount().max()),
        {name: value for name, value in params.items() if value},
        given["evaluator"],
        given["recipe"],
        given["student"] or "teacher",
        given["seeds"],
    )
    arguments = StudyArguments(
        scoring.name, given["profile"], given["settings"], store=store, data=data
    )
    session, file = opened(scoring, arguments)
    for line in lines:  # whatever is wrong with the words has been told by now
        click.echo(line)
    shop = Workshop(session.store, root, chosen, lambda event: None)
    for line in teacher_lines(session, made, given["teacher_check"], shop):
        click.echo(f"  {line}")
    click.echo(f"study: {file}")
    if not given["check_only"]:
        raise SystemExit(run_study(session, RunOptions(device=device, track=False)))
