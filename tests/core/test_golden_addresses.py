"""No built-in study changes an address unseen."""

import json

import golden_addresses as golden

REFRESH = "python tests/core/golden_addresses.py"


def test_addresses_of_built_in_studies_are_those_on_file() -> None:
    known, now = json.loads(golden.FILE.read_text(encoding="utf-8")), golden.current()
    moved = [
        f"{study}: {kind}"
        for study in sorted({*known, *now})
        for kind in sorted({*known.get(study, {}), *now.get(study, {})})
        if known.get(study, {}).get(kind) != now.get(study, {}).get(kind)
    ]
    assert moved == [], f"if that is meant, run `{REFRESH}` and say in the commit why"
