"""`bench show`: one plugin, recipe, study, data set or artifact, in full."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from bench.cli.options import json_option, plugin_option, store_option
from bench.core.errors import UnknownName
from bench.plugin.discovery import load_file, names

DATASET = "digits"


@click.command("show")
@click.argument("name")
@store_option
@click.option("--dataset", default=DATASET, show_default=True, help="For a recipe's values.")
@click.option(
    "--ipc",
    type=click.IntRange(min=1, max=1_000_000),
    default=10,
    show_default=True,
    help="For a recipe's values.",
)
@click.option(
    "--profile",
    type=click.Choice(["smoke", "quick", "paper"]),
    default="quick",
    show_default=True,
    help="For a recipe's values.",
)
@plugin_option
@json_option
def command(
    name: str,
    store: str,
    dataset: str,
    ipc: int,
    profile: str,
    plugins: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show NAME: a distiller, evaluator, data set, recipe, study, or an address (or its start)."""
    for file in plugins:
        load_file(Path(file))
    if dataset != DATASET:  # also where the name is not a recipe's, which alone uses it
        from bench.app.session import find_spec

        find_spec(dataset)
    found = _find(name, store, dataset, ipc, profile)
    if as_json:
        click.echo(json.dumps(found, indent=2, default=str))
        return
    for key, value in found.items():
        if isinstance(value, dict) and value:
            click.echo(f"{key}:")
            for inner, item in value.items():
                click.echo(f"  {inner:24} {item}")
        else:
            click.echo(f"{key:12} {value}")


def _find(name: str, store: str, dataset: str, ipc: int, profile: Any) -> dict[str, Any]:
    from bench.data.builtin import dataset_names
    from bench.study.catalog import study_names
    from bench.study.presets import recipe_names

    for kind in ("distiller", "evaluator", "artifact"):
        if name in names(kind):
            return _plugin(kind, name)
    if name in recipe_names():
        return _recipe(name, dataset, ipc, profile)
    if name in study_names() or name.endswith(".py"):
        return _study(name)
    base = name.split("#")[0].split("@")[0]
    if base in dataset_names() or base in names("dataset") or "/" in name:
        return _dataset(name)
    if len(name) >= 6 and all(c in "0123456789abcdef" for c in name):
        return _artifact(name, store)
    known = [*names("distiller"), *names("evaluator"), *recipe_names(), *study_names()]
    raise UnknownName.of("name", name, [*known, *dataset_names()])


def _plugin(kind: Any, name: str) -> dict[str, Any]:
    from bench.plugin.discovery import get

    plugin = get(kind, name)
    fields = {f.name: f"{_type(f.type)} = {f.default}" for f in plugin.fields().values()}
    module = (sys.modules[plugin.factory.__module__].__doc__ or "").strip()
    if kind == "artifact":
        needs, makes = "", getattr(plugin.factory, "made", object).__name__
    else:
        needs, makes = ", ".join(dict.fromkeys(map(_need, plugin.factory().needs))), ""
    return {
        "kind": kind,
        "name": name,
        "about": plugin.doc,
        "file": str(plugin.path),
        **({"makes": makes} if makes else {"needs": needs}),
        "fields": fields,
        "search space": {key: str(space) for key, space in plugin.space.items()},
        "source": module,
    }


def _need(need: Any) -> str:
    return need.__name__ if isinstance(need, type) else f"{need.kind} ({type(need).__name__})"


def _type(declared: Any) -> str:
    return getattr(declared, "__name__", str(declared).replace("typing.", ""))


def _recipe(name: str, dataset: str, ipc: int, profile: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from bench.app.session import find_spec
    from bench.study.presets import recipe_about, recipe_for

    recipe = recipe_for(name, find_spec(dataset), ipc, profile)
    shown = {k: v for k, v in asdict(recipe).items() if k not in ("name", "profile", "deviations")}
    head = {"recipe": recipe.id, "about": recipe_about(name), "for": f"{dataset}, ipc {ipc}"}
    return head | shown


def _study(name: str) -> dict[str, Any]:
    from bench.study.catalog import load_study

    study = load_study(name)
    judged: dict[str, Any] = {"evaluators": ", ".join(study.evaluators)}
    if study.protocols:
        judged = {"protocols": {p.recipe: p.evaluator for p in study.protocols}}
    return {
        "study": study.name,
        "title": study.title,
        "about": study.description,
        "rows": {row.label: f"{row.distiller} {dict(row.params) or ''}" for row in study.rows},
        "datasets": ", ".join(study.datasets),
        "ipcs": ", ".join(map(str, study.ipcs)),
        "recipe": study.recipe,
        **judged,
        "contrasts": {c.label: f"{c.a} - {c.b}" for c in study.contrasts},
    }


def _dataset(name: str) -> dict[str, Any]:
    from bench.app.session import find_spec

    spec = find_spec(name)
    return {
        "dataset": spec.name,
        "classes": spec.num_classes,
        "images": f"{spec.channels} x {spec.resolution} x {spec.resolution}",
        "published": _published(name),
        "mean": spec.mean,
        "std": spec.std,
        "stem": spec.stem,
        "flips": "allowed" if spec.flip else "not allowed",
        "licence": spec.licence,
    }


def _published(name: str) -> str:
    from bench.data.sizes import published_sizes, test_set

    sizes = published_sizes(name)
    if sizes is None:
        return "unknown"
    train, test = sizes
    whose = test_set(name, test)
    return f"{train} training and {test} test images" + (f" ({whose})" if whose else "")


def _artifact(prefix: str, root: str) -> dict[str, Any]:
    from dataclasses import asdict

    from bench.storage.store import Store

    store = Store(root)
    found = list(store.addresses(prefix))
    if len(found) != 1:
        raise UnknownName(
            f"address {prefix!r}: expected the start of one address in {root}, "
            f"found {len(found)}; `bench store ls` lists them"
        )
    return asdict(store.manifest(found[0]))
