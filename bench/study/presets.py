"""The named recipes: what the released code does, what the paper says, and their scaled profiles.

A recipe is made from a data set's specification: its classes, resolution and channels, and where a
paper gives single constants, its family. Values and their sources are tabulated in docs/recipes.md.
`paper` profiles are the published lengths; `quick` and `smoke` are shorter and are judged by order
and sign only.
"""

from collections.abc import Callable
from dataclasses import replace

from bench.core.errors import UnknownName
from bench.data.spec import DatasetSpec
from bench.plugin.recipes import (
    Objective,
    Profile,
    Recipe,
    Recover,
    Relabel,
    Solving,
    Squeeze,
    Student,
)
from bench.study.rivals import RIVALS, on_tiny_imagenet

# lambda of Eq. 15 (appendix E), SRe2L's own weight and the rate of recover, by family
LAMBDA = {"imagenette": 10.0, "tiny-imagenet": 300.0, "imagenet-1k": 500.0}
SRE2L_WEIGHT = {"tiny-imagenet": 1.0}
RECOVER_LR = {"tiny-imagenet": 0.1}
SMALL_SIDE = 64  # up to here images are rolled by 4 pixels instead of 32, as SRe2L does
FEW_CLASSES = 10  # up to here one batch of soft labels holds the whole set, below IPC 10
GREY_SIDE = 32  # grey images up to here are digits rather than photographs


def recipe_names() -> list[str]:
    return sorted({**_RECIPES, **RIVALS})


def recipe_about(name: str) -> str:
    """One line on where a recipe's values come from."""
    return ({**_RECIPES, **RIVALS}[name].__doc__ or "").split("\n")[0]


def recipe_for(
    name: str, spec: DatasetSpec, ipc: int, profile: Profile, student: str = "teacher"
) -> Recipe:
    """The recipe of that name for a data set, a number of images per class and a student.

    Raises:
        UnknownName: no recipe has that name.
    """
    if name not in recipe_names():
        raise UnknownName.of("recipe", name, recipe_names())
    recipe = _RECIPES.get(name, _wmdd_code)(spec, ipc, profile)
    if name in RIVALS:
        recipe = RIVALS[name](recipe, spec, ipc, student)
    if not spec.flip:
        recipe = _without_flips(recipe)
    recipe = replace(recipe, squeeze=replace(recipe.squeeze, arch=teacher_for(spec)))
    return _digits(recipe) if is_digits(spec) else _natural(recipe)


def is_digits(spec: DatasetSpec) -> bool:
    """Whether images are small and grey, so that they are treated as digits are."""
    return spec.channels == 1 and spec.resolution <= GREY_SIDE


def teacher_for(spec: DatasetSpec) -> str:
    """The network that a data set's files ask for, folders of one's own among them.

    A small ConvNet with BatchNorm for small grey images; else ResNet-18, as in SRe2L and WMDD,
    whose first layers are those for small images up to 64 pixels (`bench.models.stems`). The
    ConvNet line has networks of its own (`bench.study.convnet.convnet_for`).
    """
    return "convnet3-w64-bn" if is_digits(spec) else "resnet18"


def _wmdd_code(spec: DatasetSpec, ipc: int, profile: Profile) -> Recipe:
    """WMDD as its released code runs it: unsquared norms, CE added, uniform weights, batch 100."""
    whole = spec.num_classes <= FEW_CLASSES and ipc < 10
    return Recipe(
        name="wmdd-code",
        profile=profile,
        squeeze=Squeeze(epochs=50),
        objective=Objective(
            bn_weight=LAMBDA.get(spec.family, 10.0),
            sre2l_bn_weight=SRE2L_WEIGHT.get(spec.family, 0.01),
        ),
        recover=Recover(
            lr=RECOVER_LR.get(spec.family, 0.25), roll=4 if spec.resolution <= SMALL_SIDE else 32
        ),
        relabel=Relabel(batch=spec.num_classes * ipc if whole else 100),
        student=Student(),
    )


def _wmdd_paper(spec: DatasetSpec, ipc: int, profile: Profile) -> Recipe:
    """WMDD as its paper describes it: squares, no CE, Algorithm 2 with its weights, batch 1024."""
    code = _wmdd_code(spec, ipc, profile)
    recipe = replace(
        code,
        name="wmdd-paper",
        squeeze=replace(code.squeeze, epochs=100),
        barycenter=Solving("algorithm-2", 10),
        objective=replace(code.objective, ce_weight=0.0, form="squares"),
        recover=replace(code.recover, variance="pooled"),
        relabel=replace(code.relabel, batch=1024),
    )
    # section 5.1: the stages after the recovery are SRe2L's, which are others on Tiny ImageNet
    return on_tiny_imagenet(recipe) if spec.family == "tiny-imagenet" else recipe


_RECIPES: dict[str, Callable[[DatasetSpec, int, Profile], Recipe]] = {
    "wmdd-code": _wmdd_code,
    "wmdd-paper": _wmdd_paper,
}


def _without_flips(recipe: Recipe) -> Recipe:
    """For images whose mirror image is of no class, such as digits."""
    return replace(
        recipe,
        squeeze=replace(recipe.squeeze, flip=0.0),
        recover=replace(recipe.recover, flip=0.0),
        relabel=replace(recipe.relabel, flip=0.0),
    )


def _digits(recipe: Recipe) -> Recipe:
    """Small grey images: a small BatchNorm network, mild crops, lossless storage."""
    recipe = replace(
        recipe,
        squeeze=replace(recipe.squeeze, crop_min=0.5, epochs=30),
        recover=replace(recipe.recover, crop_min=0.5, roll=1, codec="png"),
        relabel=replace(recipe.relabel, crop_min=0.5),
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
