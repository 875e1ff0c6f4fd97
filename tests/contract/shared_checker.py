"""The checker with what no plugin makes already made."""

from pathlib import Path

from bench.app.checking import Check, check_plugin
from bench.app.session import find_source
from bench.plugin.registry import Registered
from bench.tracking.curves import Curves


class Checker:
    """Holds plugins against the contract; what no plugin makes is made once for all of them."""

    def __init__(self, data_root: Path, shared: Path) -> None:
        self.data_root, self.shared = data_root, shared

    def __call__(self, plugin: Registered) -> list[Check]:
        root = self.data_root
        return check_plugin(plugin, lambda name: find_source(name, root), root, self.shared, Curves)
