"""The named recipes: what the released code does, what the paper says, and their scaled profiles.

Values and their sources are tabulated in docs/recipes.md. `paper` profiles are the published
lengths; `quick` and `smoke` are shorter and are judged by order and sign only.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.core.errors import UnknownName
from bench.plugin.recipes import Profile, Recipe, Recover, Relabel, Squeeze, Student
from bench.study.rivals import RIVALS

# lambda of Eq. 15 per data set (appendix E), and SRe2L's own weight for its rows
LAMBDA = {"imagenette": 10.0, "tiny-imagenet": 300.0, "imagenet-1k": 500.0}
SRE2L_WEIGHT = {"tiny-imagenet": 1.0}
# WMDD with one part replaced: lambda is the same, so that a row differs in that part alone
OTHER_SOLVERS = ("sliced-wasserstein", "sinkhorn", "kmeans")
WITH_LAMBDA = ("wmdd", "ce-pcbn", "clean-bn", "mmd-linear", "mmd-rbf", *OTHER_SOLVERS)
NATIVE = ("sre2l", "cda", "wass-bn")  # global statistics, with SRe2L's weight
RECOVER_LR = {"tiny-imagenet": 0.1}
SMALL_SIDE = 64  # up to here images are rolled by 4 pixels instead of 32, as SRe2L does


def family(dataset: str) -> str:
    """The data set's name without its variant: `imagenette@64#val` -> `imagenette`."""
    return dataset.split("#")[0].split("@")[0]


def recipe_names() -> list[str]:
    return sorted({**_RECIPES, **RIVALS})


def recipe_about(name: str) -> str:
    """One line on where a recipe's values come from."""
    return ({**_RECIPES, **RIVALS}[name].__doc__ or "").split("\n")[0]


def recipe_for(name: str, dataset: str, resolution: int, ipc: int, profile: Profile) -> Recipe:
    """The recipe of that name for a data set at a resolution and a number of images per class.

    Raises:
        UnknownName: no recipe has that name.
    """
    if name not in recipe_names():
        raise UnknownName.of("recipe", name, recipe_names())
    recipe = _RECIPES.get(name, _wmdd_code)(family(dataset), resolution, ipc, profile)
    if name in RIVALS:
        recipe = RIVALS[name](recipe, family(dataset), resolution, ipc)
    return _digits(recipe) if family(dataset) == "digits" else _natural(recipe)


def _wmdd_code(dataset: str, resolution: int, ipc: int, profile: Profile) -> Recipe:
    """WMDD as its released code runs it: unsquared norms, CE added, uniform weights, batch 100."""
    weight = LAMBDA.get(dataset, 10.0)
    native = SRE2L_WEIGHT.get(dataset, 0.01)
    few_classes = dataset in ("imagenette", "digits", "cifar10")
    return Recipe(
        name="wmdd-code",
        profile=profile,
        squeeze=Squeeze(epochs=50),
        recover=Recover(
            lr=RECOVER_LR.get(dataset, 0.25), roll=4 if resolution <= SMALL_SIDE else 32
        ),
        relabel=Relabel(batch=10 * ipc if few_classes and ipc < 10 else 100),
        student=Student(),
        presets={
            **{name: {"bn_weight": weight} for name in WITH_LAMBDA},
            **{name: {"bn_weight": native} for name in NATIVE},
        },
        precision="bf16",
    )


def _wmdd_paper(dataset: str, resolution: int, ipc: int, profile: Profile) -> Recipe:
    """WMDD as its paper describes it: squares, no CE, Algorithm 2 with its weights, batch 1024."""
    code = _wmdd_code(dataset, resolution, ipc, profile)
    text = {"bn_weight": LAMBDA.get(dataset, 10.0), "ce_weight": 0.0, "form": "squares"}
    mmd = {"bn_weight": LAMBDA.get(dataset, 10.0)}
    presets: Mapping[str, Mapping[str, object]] = {
        **code.presets,
        "wmdd": {**text, "solver": "algorithm-2", "solver_iterations": 10},
        **dict.fromkeys(OTHER_SOLVERS, text),
        "mmd-linear": {**mmd, "reading": "m2"},
        "mmd-rbf": {**mmd, "ce_weight": 0.0},
    }
    return replace(
        code,
        name="wmdd-paper",
        squeeze=replace(code.squeeze, epochs=100),
        recover=replace(code.recover, variance="pooled"),
        relabel=replace(code.relabel, batch=1024),
        presets=presets,
    )


_RECIPES: dict[str, Callable[[str, int, int, Profile], Recipe]] = {
    "wmdd-code": _wmdd_code,
    "wmdd-paper": _wmdd_paper,
}


def _digits(recipe: Recipe) -> Recipe:
    """Real 8x8 digits: a small BatchNorm network, no flips, mild crops, lossless storage."""
    recipe = replace(
        recipe,
        squeeze=replace(recipe.squeeze, arch="convnet3-w64-bn", crop_min=0.5, flip=0.0, epochs=30),
        recover=replace(recipe.recover, crop_min=0.5, flip=0.0, roll=1, codec="png"),
        relabel=replace(recipe.relabel, crop_min=0.5, flip=0.0),
        precision="fp32",
    )
    if recipe.profile == "quick":
        return _lengths(recipe, 30, 200, 300)
    if recipe.profile == "smoke":
        return _lengths(recipe, 8, 30, 60)
    return recipe


def _natural(recipe: Recipe) -> Recipe:
    """Photographs: the published lengths, or shorter ones for a single GPU or a patient CPU."""
    if recipe.profile == "quick":
        return _lengths(recipe, 20, 500, 300)
    if recipe.profile == "smoke":
        return _lengths(recipe, 1, 5, 5)
    return recipe


def _lengths(recipe: Recipe, squeeze: int, recover: int, relabel: int) -> Recipe:
    """The recipe with every length cut to at most these."""
    return replace(
        recipe,
        squeeze=replace(recipe.squeeze, epochs=min(squeeze, recipe.squeeze.epochs)),
        recover=replace(recipe.recover, iterations=min(recover, recipe.recover.iterations)),
        relabel=replace(recipe.relabel, epochs=min(relabel, recipe.relabel.epochs)),
    )
