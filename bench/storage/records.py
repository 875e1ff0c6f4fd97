"""Records: small JSON documents beside the artifacts, by kind and key."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.atomic import explained
from bench.storage.place import Place

FOLDER = "records"
_NAME = re.compile(r"[^\W_][\w.+@=-]{0,199}")  # never a path, never hidden


@dataclass(frozen=True)
class Records:
    """JSON documents at `records/<kind>/<key>.json`, each replaced at once and whole."""

    place: Place

    def put(self, kind: str, key: str, payload: Mapping[str, object]) -> None:
        """Stores a document, in place of the one of that key.

        Raises:
            BadValue: a name that is no file name, a value that is no JSON, or no place to write.
        """
        name = _file(kind, key)
        try:
            text = json.dumps(dict(payload), indent=1, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BadValue(f"record {kind}/{key}: expected JSON data, but {error}") from error
        with explained(f"store {self.place.where}"):
            self.place.write(name, text.encode())

    def get(self, kind: str, key: str) -> dict[str, object] | None:
        """A document, or None where there is none.

        Raises:
            CorruptArtifact: the file is not such a document.
        """
        name = _file(kind, key)
        with explained(f"store {self.place.where}"):
            data = self.place.read(name)
        if data is None:
            return None
        try:
            payload = json.loads(data)
        except ValueError as error:
            payload = error
        if not isinstance(payload, dict):
            raise CorruptArtifact(
                f"{self.place.where}/{name}: expected a JSON object, found {payload!r:.60}; "
                "delete the file"
            )
        return payload

    def all(self, kind: str) -> Iterator[tuple[str, dict[str, object]]]:
        """Key and document of every record of a kind, in the order of keys."""
        with explained(f"store {self.place.where}"):
            files = self.place.names(_folder(kind))
        for key in (file.removesuffix(".json") for file in files if file.endswith(".json")):
            payload = self.get(kind, key)
            if payload is not None:
                yield key, payload

    def delete(self, kind: str, key: str) -> None:
        """Removes a document if it is there."""
        name = _file(kind, key)
        with explained(f"store {self.place.where}"):
            self.place.remove(name)


def _folder(kind: str) -> str:
    return f"{FOLDER}/{_checked(kind)}"


def _file(kind: str, key: str) -> str:
    return f"{_folder(kind)}/{_checked(key)}.json"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadValue(
            f"record {name!r}: expected a name of at most 200 letters, digits and .+@=_- "
            "that starts with a letter or digit"
        )
    return name
