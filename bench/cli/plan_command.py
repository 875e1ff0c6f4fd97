"""`bench plan`: what a run would do."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bench.app.arguments import StudyArguments
from bench.cli.options import device_option, json_option
from bench.cli.study_arguments import study_options

if TYPE_CHECKING:
    import torch

REPRODUCE, PAPER = "reproduce", "wmdd"


@click.command("plan")
@study_options
@device_option
@json_option
def command(arguments: StudyArguments, device: str, as_json: bool) -> None:
    """Show the cells of STUDY, what the store holds, and the time, memory and disk of the rest.

    A plan that does not fit this machine is shown, and refused with what would make it fit.

    `reproduce` as STUDY prices every table and figure of the paper, data sets that are not here
    included.
    """
    import json

    from bench.app.api import Planned
    from bench.app.running import device_for
    from bench.app.session import open_session
    from bench.app.workers import crew_for
    from bench.stages.compute import choose_device

    if arguments.study == REPRODUCE:
        click.echo(_priced(replace(arguments, study=PAPER), choose_device(device), as_json))
        return
    chosen = choose_device(device)  # a typo is answered before the study is planned
    session = open_session(arguments)
    planned = Planned(session, device_for(session, str(chosen)))
    crew = crew_for(session, chosen)
    if as_json:
        click.echo(json.dumps(dict(planned.data) | {"workers": crew.count}, indent=2))
    else:
        click.echo(f"{planned}\n{crew}")
    planned.refuse()


def _priced(arguments: StudyArguments, device: "torch.device", as_json: bool) -> str:
    import json

    from bench.app import pricing
    from bench.app.reproducing import open_edition
    from bench.app.reproduction import chosen

    edition = open_edition(arguments, chosen((), ()))
    if as_json:
        return json.dumps(pricing.as_json(edition, device), indent=2)
    return pricing.price_list(edition, device)
