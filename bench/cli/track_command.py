"""`bench track`: what MLflow is told apart from runs."""

import click

from bench.app.arguments import SearchFlags, StudyArguments
from bench.cli.options import tracking_option
from bench.cli.search_flags import search_flags
from bench.cli.study_arguments import study_options
from bench.core.errors import BadValue, BenchError, UnknownName


@click.group("track")
def command() -> None:
    """Tracking after the fact: log what a store holds."""


@command.command("import")
@study_options
@tracking_option
@search_flags
def importing(
    arguments: StudyArguments,
    tracking_uri: str | None,
    search: SearchFlags,
) -> None:
    """Log every finished cell or trial of STUDY that MLflow lacks; nothing is computed.

    STUDY is a study or a sweep. For stores that were made with --no-tracking, elsewhere, or under
    another tracking URI. Options from --seeds on are those of `bench sweep`, for sweeps alone.
    """
    sweep = is_sweep(arguments.study)  # a typo is answered before anything heavy is imported
    from bench.app.importing import import_study
    from bench.app.running import RunOptions
    from bench.app.session import open_session
    from bench.app.sweep_importing import import_sweep
    from bench.app.sweep_options import SweepOptions

    if sweep:
        run = RunOptions(tracking_uri=tracking_uri)
        raise SystemExit(import_sweep(SweepOptions(arguments, search, run)))
    if search.given():
        raise BadValue(
            f"expected a sweep for options of `bench sweep`, given the study {arguments.study!r}"
        )
    session = open_session(arguments)
    raise SystemExit(import_study(session, tracking_uri))


def is_sweep(name: str) -> bool:
    """Whether a name or a file is that of a sweep rather than of a study.

    Raises:
        UnknownName: it is neither built in nor a file.
    """
    from bench.study.catalog import load_sweep, study_names, sweep_names

    if not name.endswith(".py"):
        if name not in (*study_names(), *sweep_names()):
            raise UnknownName.of("study or sweep", name, [*study_names(), *sweep_names()])
        return name not in study_names()
    try:
        load_sweep(name)
    except BenchError:  # told when it is loaded as a study
        return False
    return True
