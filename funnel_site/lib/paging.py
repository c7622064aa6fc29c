"""Pages of long lists: how many rows there are, and how far one may turn the pages."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery
from django.utils.functional import cached_property

COUNTED = 10_000
"""So many rows are counted and can be turned to; beyond, a filter or a search finds sooner."""
COUNTED_BESIDE = 1_000
"""So many rows of another table are counted for each row of a list."""


ROWS = """
SELECT CASE WHEN reltuples > %s THEN reltuples::bigint ELSE (SELECT count(*) FROM {}) END
FROM pg_class WHERE oid = %s::regclass
"""


class CappedCount(Subquery):
    """As an annotation: how many rows a sliced query of another table has for this row."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def counted_beside(rows: QuerySet[Any]) -> CappedCount:
    """The number of a row's own rows, counted as far as COUNTED_BESIDE. To be shown by `number_beside`."""
    return CappedCount(rows.order_by().values("pk")[: COUNTED_BESIDE + 1])


def number_beside(number: int) -> str:
    """
    >>> number_beside(998), number_beside(1_001)
    ('998', '1,000+')
    """
    return f"{COUNTED_BESIDE:,}+" if number > COUNTED_BESIDE else f"{number:,}"


class CappedPaginator(Paginator[Any]):
    """A count and a number of pages that do not grow with a table of millions.

    A list of more than COUNTED rows has pages for COUNTED of them. Its `count` is then the planner's
    estimate where it is the whole table, and COUNTED where it is filtered; `is_more` and `is_about`
    say so. SQLite has no estimate, and is counted.
    """

    counted = COUNTED
    counts_in_order = False
    """Whether rows are counted by walking the list itself: where its order is the quickest way."""

    @cached_property
    def is_about(self) -> bool:
        """Whether the count is an estimate."""
        return self._estimate > self.counted

    @cached_property
    def is_more(self) -> bool:
        """Whether there are more rows than `count`, nobody knows how many."""
        return not self._estimate and self._seen > self.counted and not self._is_all_counted

    @cached_property
    def count(self) -> int:
        if self._estimate:
            return self._estimate
        return self._seen if self._is_all_counted else min(self._seen, self.counted)

    @cached_property
    def num_pages(self) -> int:
        shown = min(self.count, self.counted)
        return max(1, -(-shown // self.per_page))

    @cached_property
    def _estimate(self) -> int:
        """The number of rows of the whole table; 0 where this is not the whole table.

        One statement in either case: a small table is counted, of a large one the planner's guess
        is taken.
        """
        query = getattr(self.object_list, "query", None)
        if connection.vendor != "postgresql" or query is None or query.where:
            return 0
        table = query.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(ROWS.format(connection.ops.quote_name(table)), [self.counted, table])
            return int(cursor.fetchone()[0])

    @cached_property
    def _is_all_counted(self) -> bool:
        return connection.vendor != "postgresql" or not hasattr(self.object_list, "query")

    @cached_property
    def _seen(self) -> int:
        """The number of rows; of more than COUNTED one more than that, where they are not counted."""
        if self._is_all_counted:
            return int(super().count)
        rows: Any = self.object_list
        if not self.counts_in_order:
            rows = rows.order_by()
        return int(rows[: self.counted + 1].count())


class KeysFirstPaginator(CappedPaginator):
    """A page's keys first, then its rows: an index has the keys of rows that lie far apart."""

    def page(self, number: int | str) -> Any:
        page = super().page(number)
        keys = list(page.object_list.values_list("pk", flat=True))  # type: ignore[attr-defined]
        rows: Any = self.object_list
        page.object_list = rows.filter(pk__in=keys)
        return page


class FoundPaginator(CappedPaginator):
    """Of rows that no index of this table tells, and that may be every second one: the first of them.

    An index of words gives all of them at once, millions of rows, before the first is counted.
    """

    counted = 1_000
    counts_in_order = True
