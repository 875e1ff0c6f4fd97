"""The artifact store: whatever was made once is found by its address and never made again.

    <root>/objects/<aa>/<address>/{data.safetensors,manifest.json}
    <root>/records/<kind>/<key>.json

The root is a local folder or an fsspec URL. Questions that manifests answer import no torch.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bench.storage.atomic import explained
from bench.storage.atomic import write_atomically as write_atomically
from bench.storage.gc import OBJECTS, sweep
from bench.storage.gc import Swept as Swept
from bench.storage.locks import BEAT, LEASE, Timing, claimed, exclusive
from bench.storage.manifest import ArtifactSpec as ArtifactSpec
from bench.storage.manifest import Made as Made
from bench.storage.manifest import Manifest as Manifest
from bench.storage.measure import measured
from bench.storage.objects import Objects, folder_of
from bench.storage.objects import Problem as Problem
from bench.storage.progress import FOLDER, FileProgress
from bench.storage.records import Records
from bench.storage.remote import place_at

if TYPE_CHECKING:
    from bench.storage.owner import Owner

A = TypeVar("A")


def unheard(text: str) -> None:
    """The listener that needs no word of a wait."""


class Store:
    """A store at a folder or URL; nothing is created there before something is written.

    Attributes:
        verify_loads: compare the file's hash with the manifest's at every load.
        lease, beat: seconds after which a silent owner on another machine counts as dead, and
            between two signs of life.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        verify_loads: bool = True,
        lease: float = LEASE,
        beat: float = BEAT,
    ) -> None:
        self.root = str(root)
        self._place = place_at(root)
        self._objects = Objects(self._place, verify_loads)
        self._records = Records(self._place)
        self._timing = Timing(lease, beat)

    def get_or_make(
        self,
        spec: ArtifactSpec,
        make: Callable[[], A],
        on_wait: Callable[[str], None] = unheard,
    ) -> Made[A]:
        """The artifact of an address: loaded, made now, or awaited from whoever is making it.

        What `make` raises passes through, and nothing is stored. `on_wait` hears one line where
        another process has to be waited for.

        Raises:
            BadValue: `make` returned another kind, or the store cannot be written.
            CorruptArtifact: it is there, but not as it was stored.
        """

        def done() -> bool:
            return self.has(spec.address)

        def announce(owner: "Owner | None") -> None:
            who = f"process {owner.pid} on {owner.host}" if owner else "another process"
            on_wait(f"waiting for {spec.label or spec.stage} ({spec.stage}), made by {who}")

        while not done():
            with exclusive(self._place, spec.address, done, announce, self._timing) as mine:
                if mine and not done():
                    progress = self.progress(spec.address)
                    artifact, took = measured(make)
                    took = replace(took, seconds=progress.spent + took.seconds)
                    manifest = self._objects.write(spec, artifact, took)
                    progress.forget()
                    if manifest:
                        return Made(artifact, False, took.seconds, manifest)
        manifest = self.manifest(spec.address)
        return Made(self.load(spec.address, spec.kind), True, manifest.seconds, manifest)

    @contextmanager
    def claim(self, address: str) -> Iterator[bool]:
        """Tells others for the block that the work towards an artifact is done here: True.

        False at once where another process claims it. A claim shares work out; it guards nothing.
        """
        with claimed(self._place, f"claim-{address}", self._timing) as mine:
            yield mine

    def progress(self, address: str) -> FileProgress:
        """Where the stage that makes an artifact keeps its state, on this machine."""
        return FileProgress(self.local_folder(FOLDER), address)

    def has(self, address: str) -> bool:
        """Whether an artifact is there."""
        return self._objects.has(address)

    def manifest(self, address: str) -> Manifest:
        """What is known of an artifact.

        Raises:
            CorruptArtifact: the manifest is missing, cannot be read, was changed since it was
                written, or is that of another artifact.
        """
        return self._objects.manifest(address)

    def readable(self, address: str) -> Manifest | None:
        """What is known of an artifact, or None where it is missing or its manifest corrupt."""
        return self._objects.readable(address)

    def load(self, address: str, kind: type[A]) -> A:
        """An artifact, its tensors memory-mapped.

        Raises:
            CorruptArtifact: a file is missing, truncated or changed, or holds another kind.
        """
        return self._objects.load(address, kind)

    def payload(self, address: str) -> Path:
        """The local file of an artifact's tensors, for readers without torch.

        Raises:
            CorruptArtifact: it is missing or not as it was stored.
        """
        return self._objects.payload(address)

    def addresses(self, prefix: str = "") -> Iterator[str]:
        """Addresses of all artifacts that begin with a prefix."""
        return self._objects.addresses(prefix)

    def manifests(self) -> Iterator[Manifest]:
        """Manifests of all artifacts that are not corrupt; `verify` names the others."""
        for address in self.addresses():
            if manifest := self._objects.readable(address):
                yield manifest

    def verify(self, address: str | None = None) -> list[Problem]:
        """What is wrong with one artifact, or with any, read from all of their bytes."""
        chosen = self.addresses() if address is None else [address]
        found = (self._objects.problem(a) for a in chosen)
        return [problem for problem in found if problem]

    def delete(self, address: str) -> None:
        """Removes an artifact if it is there."""
        with explained(f"store {self._place.where}"):
            self._place.remove(folder_of(address))

    def gc(self, keep: Collection[str] | None, dry_run: bool = False) -> Swept:
        """Removes artifacts not in `keep` (None keeps all) and what dead processes left."""
        with explained(f"store {self._place.where}"):
            return sweep(self._place, keep, dry_run)

    def size(self) -> int:
        """Bytes of all artifacts."""
        with explained(f"store {self._place.where}"):
            return self._place.size(OBJECTS)

    def put_record(self, kind: str, key: str, payload: Mapping[str, object]) -> None:
        """Stores a small JSON document, in place of the one of that key.

        Raises:
            BadValue: a name that is no file name, or a value that is no JSON.
        """
        self._records.put(kind, key, payload)

    def record(self, kind: str, key: str) -> dict[str, object] | None:
        """A document, or None where there is none."""
        return self._records.get(kind, key)

    def records(self, kind: str) -> dict[str, dict[str, object]]:
        """Key -> document of every record of a kind, in the order of keys."""
        return dict(self._records.all(kind))

    def delete_record(self, kind: str, key: str) -> None:
        """Removes a document if it is there."""
        self._records.delete(kind, key)

    def local_folder(self, name: str) -> Path:
        """A local folder beside the artifacts, such as `reports`, made if it is not there."""
        with explained(f"store {self._place.where}"):
            return self._place.local(name)
