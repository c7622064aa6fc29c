"""The roles as roles.yaml has them: read and checked. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("roles.yaml")
ACTIONS = {"V": "view", "A": "add", "C": "change", "D": "delete", "X": "export"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A group of staff: for whom it is, and its permissions as `app.codename`."""

    name: str
    purpose: str
    letters: Mapping[str, str]
    also: tuple[str, ...]

    @property
    def permissions(self) -> frozenset[str]:
        given = {
            f"{app}.{ACTIONS[letter]}_{model}"
            for app, model, letters in _split(self.letters)
            for letter in letters
        }
        return frozenset(given | set(self.also))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All roles, and our own permissions: the model's label, the codename and what it means."""

    roles: tuple[Role, ...]
    own: tuple[tuple[str, str, str], ...]


def _split(letters: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(*label.split("."), given) for label, given in letters.items()]  # type: ignore[misc]


@lru_cache(maxsize=1)
def matrix() -> Matrix:
    """The file. Raises KeyError, ValueError or YAMLError where it cannot be meant so."""
    return read_matrix(yaml.safe_load(FILE.read_text("utf-8")))


def read_matrix(given: Mapping[str, Any]) -> Matrix:
    """What a file says; raises ValueError naming the role and model of an unknown letter."""
    roles = tuple(
        Role(
            name=name,
            purpose=role["for"],
            letters=role["may"],
            also=tuple(role.get("also", ())),
        )
        for name, role in given["roles"].items()
    )
    for role in roles:
        for label, letters in role.letters.items():
            if not letters or not set(letters) <= ACTIONS.keys() or label.count(".") != 1:
                raise ValueError(f"roles.yaml: {role.name}, {label}: {letters}")
    own = tuple(
        (label, codename, words)
        for label, named in given["own"].items()
        for codename, words in named.items()
    )
    return Matrix(roles=roles, own=own)
