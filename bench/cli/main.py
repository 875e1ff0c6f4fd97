"""The `bench` command: one file per subcommand, imported when it is used."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from bench.app.text import one_line
from bench.core import __version__
from bench.core.errors import BenchError, suggestion

COMMANDS = {  # name -> help line; the module is bench.cli.<name>_command
    "run": "Run a study: compute what the store lacks, then report.",
    "submit": "Let Slurm, Kubernetes, SkyPilot or Ray start workers on a shared store.",
    "sweep": "Search parameters on held-out data, then test the winner.",
    "plan": "Show what a run would do: cells, store hits, time and disk.",
    "preregister": "Write a study's contrasts down before it runs.",
    "reproduce": "Reproduce the tables and figures of a paper on one page.",
    "report": "Write or print the report of a study from what the store holds.",
    "compare": "Compare two reports row by row, paired by seed.",
    "score": "Score a synthetic set that others made.",
    "export": "Export a synthetic set for others.",
    "board": "Make one page of results, ours and published.",
    "merge": "Merge results of two labs and show where they differ.",
    "list": "List distillers, evaluators, data sets, recipes and studies.",
    "show": "Show one plugin, recipe, study, or stored artifact.",
    "check": "Run the contract tests on a plugin file.",
    "data": "List, prepare and verify data sets.",
    "store": "List, verify and clean the artifact store.",
    "doctor": "Check this machine: versions, device, data, store, tracking.",
    "ui": "Open the MLflow UI on this store.",
    "track": "Log to MLflow what a store holds already.",
}


class Lazy(click.Group):
    """A group whose commands are imported on first use, so that help and typos are instant."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs a command; errors that a user can act on are one line and exit code 2."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()  # a group without a command: its help
            sys.exit(2)
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            hint = f"; see `{context.command_path} --help`" if context else ""
            _end(f"error: {error.format_message().rstrip('.')}{hint}", 2)
        except BenchError as error:
            _end(f"error: {error}", 2)
        except (click.Abort, KeyboardInterrupt):
            _end("interrupted", 130)
        except BrokenPipeError:  # whoever read our output has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"bench.cli.{cmd_name}_command")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """A benchmark suite for dataset distillation.

    Start with `bench run ablation`. Exit codes: 0 done, 1 some cells failed, 2 bad input,
    130 interrupted.
    """


def _end(text: str, code: int) -> NoReturn:
    click.echo(one_line(text), err=True)
    sys.exit(code)


def main() -> None:
    """Runs the command line of this process."""
    cli.main(prog_name="bench")


if __name__ == "__main__":
    main()
