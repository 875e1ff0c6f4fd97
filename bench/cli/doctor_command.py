"""`bench doctor`: is this machine ready?"""

import click

from bench.cli.options import (
    data_option,
    json_option,
    store_option,
    tracking_option,
)


@click.command("doctor")
@store_option
@data_option
@tracking_option
@json_option
def command(store: str, data: str, tracking_uri: str | None, as_json: bool) -> None:
    """Check versions, device, compiler, disk, data sets, store and tracking server."""
    import json
    from dataclasses import asdict
    from pathlib import Path

    from bench.diagnosis.doctor import diagnose

    checks = diagnose(store, Path(data).expanduser(), tracking_uri)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            advice = f" — {check.advice}" if check.advice and check.status != "ok" else ""
            click.echo(f"{check.status:4}  {check.name:18} {check.detail}{advice}")
    raise SystemExit(1 if any(check.status == "fail" for check in checks) else 0)
