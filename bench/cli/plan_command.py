"""`bench plan`: what a run would do."""

import click

from bench.cli.options import data_option, device_option, json_option, store_option, study_options
from bench.recipes import Profile


@click.command("plan")
@study_options
@store_option
@data_option
@device_option
@json_option
def command(
    study: str,
    profile: Profile,
    settings: tuple[str, ...],
    plugins: tuple[str, ...],
    store: str,
    data: str,
    device: str,
    as_json: bool,
) -> None:
    """Show the cells of STUDY, what the store already holds, and the time and disk of the rest."""
    import json

    from bench.cli.announcing import announce, as_data
    from bench.cli.session import open_session
    from bench.stages.compute import choose_device

    session = open_session(study, profile, settings, plugins, store, data)
    chosen = choose_device(device)
    if as_json:
        click.echo(json.dumps(as_data(session, chosen), indent=2))
    else:
        click.echo(announce(session, chosen))
