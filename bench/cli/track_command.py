"""`bench track`: what MLflow is told apart from runs."""

import click

from bench.cli.options import data_option, store_option, study_options, tracking_option
from bench.errors import BadValue
from bench.recipes import Profile


@click.group("track")
def command() -> None:
    """Tracking after the fact: log what a store holds."""


@command.command("import")
@study_options
@store_option
@data_option
@tracking_option
def importing(
    study: str,
    profile: Profile,
    settings: tuple[str, ...],
    plugins: tuple[str, ...],
    store: str,
    data: str,
    tracking_uri: str | None,
) -> None:
    """Log every finished cell of STUDY that MLflow lacks; nothing is computed.

    For stores that were made with --no-tracking, elsewhere, or under another tracking URI. Sweeps
    are tracked when they run; what they tested is a study, best.py in the folder of their report.
    """
    from bench.catalog import study_names, sweep_names
    from bench.cli.importing import import_study
    from bench.cli.session import open_session

    if study in sweep_names() and study not in study_names():
        raise BadValue(
            f"{study!r} is a sweep: sweeps are tracked when they run, expected a study; "
            f"`bench sweep {study}` tracks its report and result, and its best.py can be imported"
        )

    session = open_session(study, profile, settings, plugins, store, data)
    raise SystemExit(import_study(session, tracking_uri))
