"""Who may import whom, as a table, and the judge that reads source text to enforce it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = ("bench", "methods", "evaluators", "studies", "reports")
HEAVY = (
    "torch", "torchvision", "timm", "ot", "mlflow", "optuna", "pandas", "sklearn", "scipy",
    "matplotlib",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Modules `where` (but not `beside`) may not import `never`; or, of `among`, just `only`.

    Attributes:
        scope: "anywhere", or "on import" for what runs when the module is imported.
    """

    why: str
    where: tuple[str, ...]
    never: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    among: tuple[str, ...] = PROJECT
    beside: tuple[str, ...] = ()
    scope: Literal["anywhere", "on import"] = "anywhere"


def inside(*names: str) -> tuple[str, ...]:
    return tuple(f"bench.{name}" for name in names)


FLOORS = (  # rooms of bench/ from top to bottom: a room imports only rooms of floors below its own
    ("cli",),
    ("app",),
    ("search", "tracking", "diagnosis", "exchange", "engines"),
    ("execution", "analysis"),
    ("stages",),
    ("graph",),
    ("study",),
    ("plugin", "models"),
    ("data", "transport"),
    ("artifacts", "storage"),
    ("core",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
SHELL = inside("tracking", "cli", "app")
RUNNING = inside("graph", "execution", "search", "diagnosis", *(name[6:] for name in SHELL))


def floor_rules() -> tuple[Rule, ...]:
    """One rule a room: of bench it may import itself and the rooms of lower floors."""
    return tuple(
        Rule(
            "imports point down",
            inside(room),
            only=inside(room, *(other for other in FLOOR if FLOOR[other] > floor)),
            among=("bench",),
        )
        for room, floor in FLOOR.items()
    )


RULES = (
    # The floors of the house: an import only ever points down.
    Rule("the core knows no plugin", ("bench",), only=("bench",), beside=inside("cli", "app")),
    Rule("commands find plugins by discovery", inside("cli", "app"), only=("bench", "reports")),
    Rule("a method is made of the core", ("methods",), only=("bench", "methods")),
    Rule("an evaluator is made of the core", ("evaluators",), only=("bench", "evaluators")),
    Rule("a study names its distillers", ("studies",), only=("bench", "studies")),
    Rule("reports are functions of tables", ("reports",), only=("reports", "bench.core.errors")),
    Rule("reports are functions of tables", ("reports",), never=("torch",)),
    Rule(
        "a plugin does not see how it is run",
        ("methods", "evaluators", "studies"),
        never=(*RUNNING, *SHELL, "bench.storage.store", "bench.storage.packing"),
    ),
    Rule("stages are pure", inside("stages", "analysis", "graph"), never=inside("storage")),
    Rule("observers hear events only", inside("tracking"), never=inside("stages", "graph")),
    *floor_rules(),
    # Who may use what from outside.
    Rule(
        "tracking is an observer", PROJECT, never=("mlflow",), beside=inside("tracking", "app")
    ),
    Rule(
        "Optuna searches, and draws what it searched",
        PROJECT,
        never=("optuna",),
        beside=(*inside("search", "app"), "reports.figures.search_figures"),
    ),
    Rule(
        "mathematics neither draws on screens nor on a global generator",
        (*inside("transport", "models", "data", "stages", "analysis"), "methods", "evaluators"),
        never=("rich", "click", "logging", "random"),
    ),
    Rule(
        "modules are found in one place",
        PROJECT,
        never=("importlib.import_module", "importlib.util", "importlib.reload"),
        beside=inside("plugin.discovery", "study.catalog", "stages.compute", "cli"),
    ),
    Rule(
        "help and typos are answered at once",
        (
            *inside("core", "study", "cli"),
            *inside("plugin.registry", "plugin.discovery", "plugin.recipes", "plugin.space"),
            "studies",
        ),
        never=HEAVY,
        scope="on import",
    ),
)  # fmt: skip
FACADE = "bench"  # bench/__init__.py re-exports the floors below it by name, lazily


@dataclass(frozen=True)
class Import:
    """An import at a line; `names` are the module and each name taken from it."""

    names: tuple[str, ...]
    line: int
    eager: bool
    relative: bool = False


def below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(source: str) -> Iterator[Import]:
    """All imports of a module; literal `import_module("x")` calls count as imports."""
    yield from _walk(ast.parse(source), eager=True)


def _walk(node: ast.AST, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for part in child.body:
                yield from _walk(ast.Module([part], []), False)
            for part in child.orelse:
                yield from _walk(ast.Module([part], []), eager)
            continue
        yield from _import_of(child, eager)
        runs_later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, eager and not runs_later)


def _import_of(node: ast.AST, eager: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import((alias.name,), node.lineno, eager) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        for alias in node.names:
            names = (module, f"{module}.{alias.name}")
            yield Import(names, node.lineno, eager, node.level > 0)
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "importlib":
        yield Import((f"importlib.{node.attr}",), node.lineno, eager)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        target = node.args[0] if node.args else None
        if isinstance(target, ast.Constant) and isinstance(target.value, str):
            yield Import((target.value,), node.lineno, eager)


def breaks(rule: Rule, module: str, found: Import) -> bool:
    """Whether an import of a module breaks a rule."""
    if not below(module, rule.where) or below(module, rule.beside):
        return False
    if rule.scope == "on import" and not found.eager:
        return False
    if rule.only:
        watched = below(found.names[0], rule.among)
        return watched and not any(below(name, rule.only) for name in found.names)
    return any(below(name, rule.never) for name in found.names)


def judge(module: str, source: str) -> list[str]:
    """One line for each broken rule of a module."""
    lines = []
    for found in imports(source):
        what = f"{module}:{found.line} imports {found.names[-1]}"
        if found.relative:
            lines.append(f"{what}: imports are absolute")
        rules = [rule for rule in RULES if rule.only] if module == FACADE else RULES
        lines += [f"{what}: {rule.why}" for rule in rules if breaks(rule, module, found)]
    return lines


def module_of(path: Path, root: Path) -> str:
    """The dotted name of a file below the root."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
