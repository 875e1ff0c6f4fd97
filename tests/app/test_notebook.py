"""The notebook of the documentation runs from its first cell to its last, and is stored empty."""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs/notebook.ipynb"


def cells() -> list[dict[str, object]]:
    return list(json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"])


def shown(source: str, names: dict[str, object]) -> object:
    """Runs a cell; its value is that of a last expression, which a notebook shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_its_cells_hold_no_output() -> None:
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.slow
def test_it_runs_and_shows_what_it_says(
    data_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DDBENCH_STORE", str(tmp_path))
    monkeypatch.setenv("DDBENCH_DATA", str(data_root))
    names: dict[str, object] = {}
    sources = ["".join(c["source"]) for c in cells() if c["cell_type"] == "code"]  # type: ignore[arg-type]
    plan, result, means, report, _, trials = [shown(source, names) for source in sources]
    assert "first: 4 cells" in repr(plan)
    assert "WMDD" in repr(result)
    assert list(means.index) == ["Random", "WMDD"]  # type: ignore[attr-defined]
    assert report.read_text(encoding="utf-8").startswith("<!")  # type: ignore[attr-defined]
    assert len(trials) == 2  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert "[4/4 cells] WMDD" in said
    assert "did you mean 'ablation'" in said
