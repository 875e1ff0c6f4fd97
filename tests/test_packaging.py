"""The package installs what it declares, starts at once, and a fresh clone has its two commands."""

import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from floors import HEAVY, PROJECT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from waiting import LIMIT

import bench
from bench.diagnosis.software import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
PINS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def imported_by(arguments: list[str]) -> set[str]:
    """Heavy packages that a `bench` command line imports in a process of its own."""
    program = (
        "import sys; from bench.cli.main import main\n"
        f"try: sys.argv = {['bench', *arguments]!r}; main()\n"
        "except SystemExit: pass\n"
        f"print('\\nheavy', *(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=LIMIT
    )
    assert "Traceback" not in done.stderr, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["run", "--help"], ["list"], ["runn"], ["doctor", "--help"]],
    ids=" ".join,
)
def test_help_lists_and_typos_import_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(arguments) == set()


def test_a_heavy_import_would_be_seen(tmp_path: Path) -> None:
    places = ["--store", str(tmp_path), "--data", str(tmp_path)]
    assert "torch" in imported_by(["doctor", *places])


def test_the_console_script_is_the_command_line() -> None:
    assert PYPROJECT["project"]["scripts"] == {"bench": "bench.cli.main:main"}


def test_the_version_has_one_source() -> None:
    assert "version" in PYPROJECT["project"]["dynamic"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "bench.core.__version__"
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", bench.__version__)


def test_the_changelog_knows_the_coming_version() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_package_is_installed_and_no_other() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {file.parent.relative_to(ROOT) for file in ROOT.glob("*/**/__init__.py")}
    names = {".".join(place.parts) for place in packages if place.parts[0] != ".venv"}
    names |= {"benchmarks", "tests", "tools"}  # which no pattern may match
    found = {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}
    assert {name.split(".")[0] for name in found} == set(PROJECT)
    assert {name for name in names if name.split(".")[0] in PROJECT} == found


def test_the_licence_is_the_one_declared() -> None:
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_pins_name_no_host() -> None:
    assert [line for line in PINS if "://" in line or "@" in line] == []


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    pinned: dict[str, list[str]] = {}
    for requirement in map(Requirement, PINS):
        exact = [spec.version for spec in requirement.specifier if spec.operator == "=="]
        pinned.setdefault(canonicalize_name(requirement.name), []).extend(exact)
    project = PYPROJECT["project"]
    direct = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, direct):
        if canonicalize_name(requirement.name) == "dd-bench":
            continue
        versions = pinned.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not pinned: run `make lock`"
        assert all(requirement.specifier.contains(v) for v in versions), requirement


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_make_targets_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make (?:--\S+ )?([a-z]+)", text, re.MULTILINE))
    named |= set(re.findall(r"phase \w+ make --\S+ ([a-z]+)", text))
    assert named
    assert named <= TARGETS


def test_the_two_commands_need_nothing_but_make() -> None:
    plan = {
        target: subprocess.run(
            ["make", "-n", target, "VENV=fresh"], capture_output=True, text=True, cwd=ROOT,
            check=True,
        ).stdout
        for target in ("ablation", "test")
    }  # fmt: skip
    for target, command in (("ablation", "fresh/bin/bench run ablation"), ("test", "-m pytest")):
        assert plan[target].index("pip install") < plan[target].index(command)
        assert "-c constraints.txt" in plan[target]


def fake_python(folder: Path, name: str, code: int) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'Python 3.9.1'\nexit {code}\n")
    path.chmod(0o755)
    return path


def find_python(path: str, python: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/find_python.sh")], capture_output=True, text=True,
        env={"PATH": path, "PYTHON": python},
    )  # fmt: skip


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python3", 1)
    done = find_python("/usr/bin:/bin", str(old))
    assert done.returncode == 1
    assert "expected Python 3.11 or newer" in done.stderr
    assert "Python 3.9.1" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_the_first_python_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3.13", 1)
    fake_python(tmp_path, "python3.12", 1)
    wanted = fake_python(tmp_path, "python3.11", 0)
    assert find_python(f"{tmp_path}:/usr/bin:/bin").stdout.strip() == str(wanted)


def test_what_runs_make_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".venv/", ".bench/", "uv.lock", "__pycache__/", "*.egg-info/"} <= set(ignored)


@pytest.mark.parametrize("script", [".ci/run", "tools/find_python.sh", "tools/gpu_evidence.sh"])
def test_scripts_can_be_executed_and_parse(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text(encoding="utf-8").splitlines()[0].split()[-1].rsplit("/", 1)[-1]
    subprocess.run([shell, "-n", str(path)], check=True)


def yaml_of(name: str) -> dict[str, Any]:
    found = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_citation_names_this_version_and_no_author_that_is_made_up() -> None:
    citation = yaml_of("CITATION.cff")
    assert {"cff-version", "message", "title", "authors", "license"} <= citation.keys()
    assert citation["version"] == bench.__version__
    assert citation["license"] == PYPROJECT["project"]["license"]
    allowed = ({"name"}, {"given-names", "family-names"})  # CFF's entity and person
    people = [*citation["authors"], *chain(*(r["authors"] for r in citation["references"]))]
    assert all(set(person) in allowed and all(person.values()) for person in people)
    assert not re.search(r"(?i)todo|fixme|placeholder|\bauthors? name", str(citation))


def dockerfile() -> list[tuple[str, str]]:
    """(instruction, rest) of every line, continued ones joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_what_the_dockerfile_copies_exists_and_is_all_that_the_wheel_is_built_from() -> None:
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word in ("COPY", "ADD")]
    sources = set(chain(*copied))
    assert sources == {"constraints.txt", "pyproject.toml", "README.md", "LICENSE", *PROJECT}
    assert [name for name in sources if not (ROOT / name).exists()] == []
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sent[0] == "*"
    assert {line[1:] for line in sent if line.startswith("!")} == sources


def test_the_dockerfile_pins_every_package_compiles_nothing_and_runs_as_nobody_special() -> None:
    lines = dockerfile()
    assert lines[0][0] == "FROM"
    python = re.fullmatch(r"python:3\.(\d+)-slim", lines[0][1])
    assert python
    assert 11 <= int(python[1]) <= 14
    run = " && ".join(rest for word, rest in lines if word == "RUN")
    installs = re.findall(r"pip install [^&]+", run)
    assert installs
    assert all("-c constraints.txt" in one and "--only-binary :all:" in one for one in installs)
    words = [word for word, _ in lines]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert dict(lines)["USER"] == "bench"
    assert dict(lines)["ENTRYPOINT"] == '["bench"]'
    allowed = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENTRYPOINT", "CMD"}
    assert set(words) <= allowed


def test_the_workflow_runs_the_whole_of_ci_on_every_python_that_is_supported() -> None:
    jobs = yaml_of(".github/workflows/ci.yml")["jobs"]
    steps = [step.get("run", "") for step in jobs["linux"]["steps"]]
    assert ".ci/run" in steps
    tried = set(jobs["linux"]["strategy"]["matrix"]["python"])
    told = {c.rpartition(" ")[2] for c in PYPROJECT["project"]["classifiers"] if ":: 3." in c}
    assert tried == told == {"3.11", "3.12", "3.13", "3.14"}
    assert (f"{OLDEST[0]}.{OLDEST[1]}", f"{NEWEST[0]}.{NEWEST[1]}") == (min(tried), max(tried))
    assert PYPROJECT["project"]["requires-python"] == f">={min(tried)}"
    assert {"macos", "windows"} <= jobs.keys()


@pytest.mark.parametrize("workflow", ["ci", "release"])
def test_what_workflows_run_exists(workflow: str) -> None:
    jobs = yaml_of(f".github/workflows/{workflow}.yml")["jobs"].values()
    runs = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    for run in runs:
        first, *more = run.split()
        if first == "make":
            assert more[0] in TARGETS
        for word in (first, *more):
            if word.startswith((".ci/", "tools/")):
                assert (ROOT / word).is_file()


@pytest.mark.parametrize("form", ["bug", "number", "method"])
def test_issue_forms_ask_in_github_s_own_fields(form: str) -> None:
    found = yaml_of(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= found.keys()
    ids = [part["id"] for part in found["body"]]
    assert len(ids) == len(set(ids)) >= 2
    assert {part["type"] for part in found["body"]} <= {"input", "textarea"}
    assert all(part["attributes"]["label"] for part in found["body"])
    assert any(part.get("validations", {}).get("required") for part in found["body"])


def release_notes(*words: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "tools/release_notes.py")
    return subprocess.run([sys.executable, script, *words], capture_output=True, text=True)


def test_release_notes_are_the_part_of_the_changelog_that_has_the_version() -> None:
    part = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("## [Unreleased]\n")[1]
    assert release_notes("Unreleased").stdout == part.split("\n## [")[0].strip() + "\n"


def test_a_version_without_notes_is_refused() -> None:
    done = release_notes("9.9.9")
    assert done.returncode == 1
    assert "expected notes of '9.9.9', found Unreleased" in done.stderr


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("bench ru", ["run"]),
        ("bench run abl", ["ablation"]),
        ("bench sweep la", ["lambda", "layer"]),
        ("bench run ablation --prof", ["--profile"]),
        ("bench run ablation --profile sm", ["smoke"]),
    ],
)
def test_the_shell_completes_commands_studies_and_options(line: str, found: list[str]) -> None:
    words = line.split()
    program = "from bench.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": line,
             "COMP_CWORD": str(len(words) - 1)},
    )  # fmt: skip
    assert [answer.split(",", 1)[1] for answer in done.stdout.split()] == found, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_lines_that_the_documentation_gives_for_a_shell_make_it_complete(shell: str) -> None:
    assert f"_BENCH_COMPLETE={shell}_source" in (ROOT / "docs/install.md").read_text("utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from bench.cli.main import main; main()"],
        capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "_BENCH_COMPLETE": f"{shell}_source"},
    )  # fmt: skip
    assert f"_BENCH_COMPLETE={shell}_complete" in done.stdout, done.stderr
