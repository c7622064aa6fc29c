"""Words of pure modules: English there, marked for the catalogue, translated by who shows them.

`funnel_site.lib.words.translated` is the other half.
"""

from collections.abc import Mapping
from typing import Any


class Marked(str):
    """An English sentence that remembers what it was made from."""

    pattern: str
    values: Mapping[str, Any]


def marked(pattern: str, **values: Any) -> Marked:
    """A sentence from a pattern with `%(name)s` places. Without values it is the pattern itself.

    >>> said = marked("At most %(most)s files.", most=20)
    >>> said, said.pattern
    ('At most 20 files.', 'At most %(most)s files.')
    """
    words = Marked(pattern % values if values else pattern)
    words.pattern, words.values = pattern, values
    return words
