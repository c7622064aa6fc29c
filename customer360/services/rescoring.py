"""Whom a build has to score, with which quintiles and which models.

Scores are relative: one customer's purchase can move a quintile, and with it others' scores. Where
quintiles and models hold, only those staged are scored; else everybody is. Either way the outcome is
that of scoring everybody: the cut points are those of all buyers, and whether the models are fitted
anew follows from the day, the number of buyers and how many changed, not from the kind of build.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from customer360.models import CustomerProfile, ProfileBuild, ScoreFit
from customer360.services.quintiles import Quintile, Values
from customer360.services.scoring import MEASURES, Buyers, Models, fit_models, score_buyers
from customer360.services.staging import IDS, STAGE, buyers_of, fetch, write_scores

FEW_BUYERS = 20_000
CHANGED_SHARE = 0.01
NEIGHBOURS = 2_000
COLUMN_OF = {
    "last": "last_purchase_date",
    "orders": "total_purchases",
    "cents": "total_lifetime_value",
}
TABLE = CustomerProfile._meta.db_table
OTHERS_ARE = f"customer_id NOT IN ({IDS})"
OTHERS = f"(SELECT * FROM {TABLE} WHERE {OTHERS_ARE}) AS others"
BEFORE = f"(SELECT * FROM {TABLE} WHERE customer_id IN ({IDS})) AS before"


@dataclass(frozen=True, slots=True)
class Basis:
    """Who is scored, and by what."""

    scored: Buyers
    quintiles: dict[str, Quintile]
    models: Models
    repeat_buyers: int
    changed_since_fit: int
    is_everybody: bool


def score_stage(build: ProfileBuild, *, changed: int, refit: bool = False) -> tuple[ScoreFit, bool]:
    """Write the scores table; returns the fit, not yet stored, and whether everybody was scored."""
    as_of = (build.as_of - date(1970, 1, 1)).days
    last = None if refit else _last_fit(build)
    staged = buyers_of(STAGE)
    basis = None
    if build.mode == ProfileBuild.Mode.CHANGED and last is not None:
        basis = _of_staged(last, staged, changed)
    if basis is None:
        everybody = staged if build.mode == ProfileBuild.Mode.FULL else buyers_of(STAGE, OTHERS)
        basis = _of_everybody(last, everybody, changed, as_of)
    scores = score_buyers(basis.scored, basis.models, basis.quintiles, as_of=as_of)
    write_scores(scores)
    return _fit_row(build, basis, scores.scored_by), basis.is_everybody


def _last_fit(build: ProfileBuild) -> ScoreFit | None:
    """The newest fit, where it is of the same day, rules and currency."""
    return (
        ScoreFit.objects.filter(
            as_of=build.as_of,
            build__state=ProfileBuild.State.DONE,
            build__rules_version=build.rules_version,
            build__currency=build.currency,
        )
        .order_by("-pk")
        .first()
    )


def _is_stale(buyers: int, changed_since_fit: int) -> bool:
    return buyers <= FEW_BUYERS or changed_since_fit > buyers * CHANGED_SHARE


def _of_staged(last: ScoreFit, staged: Buyers, changed: int) -> Basis | None:
    """Those staged and those whom a cut point has passed, where the last models still hold."""
    since = last.limits["changed_since_fit"] + changed
    if _is_stale(last.buyers, since):
        return None
    before = buyers_of(BEFORE)
    quintiles, passed = {}, []
    for name, column in MEASURES.items():
        old = Quintile.from_json(last.limits[name])
        values = getattr(staged, column)
        after = old.after(
            gone=getattr(before, column), come=values, near=partial(_near, column, values)
        )
        if after is None:
            return None
        quintiles[name] = after
        passed += [_between(column, low, high) for low, high in after.spans_since(old)]
    if _is_stale(quintiles["recency"].buyers, since):
        return None
    scored = staged
    if passed:
        where = f"{OTHERS_ARE} AND ({' OR '.join(passed)})"
        scored = buyers_of(STAGE, f"(SELECT * FROM {TABLE} WHERE {where}) AS passed")
    repeat = last.repeat_buyers - int((before.days > 1).sum()) + int((staged.days > 1).sum())
    return Basis(scored, quintiles, Models.of(last), repeat, since, is_everybody=False)


def _near(column: str, staged: Values, cut: int, up: bool) -> Iterator[tuple[int, int]]:  # noqa: FBT001
    """The distinct values next to a cut point in their order, and how many buyers have each."""
    name = COLUMN_OF[column]
    side, order = (">", "ASC") if up else ("<", "DESC")
    found = fetch(
        f"SELECT {name}, COUNT(*) FROM {TABLE} WHERE {OTHERS_ARE}"
        f" AND first_purchase_date IS NOT NULL AND {name} {side} {_literal(column, cut)}"
        f" GROUP BY {name} ORDER BY {name} {order} LIMIT {NEIGHBOURS}"
    )
    numbers = Counter({_whole(column, value): number for value, number in found})
    beyond = staged[staged > cut] if up else staged[staged < cut]
    if len(found) == NEIGHBOURS:
        last = _whole(column, found[-1][0])
        beyond = beyond[beyond <= last] if up else beyond[beyond >= last]
    numbers.update(beyond.tolist())
    yield from sorted(numbers.items(), reverse=not up)


def _between(column: str, low: int, high: int) -> str:
    name = COLUMN_OF[column]
    return f"({name} > {_literal(column, low)} AND {name} <= {_literal(column, high)})"


def _literal(column: str, value: int) -> str:
    """A cut point as SQL; it is our own whole number."""
    if column == "last":
        return f"'{date(1970, 1, 1) + timedelta(days=int(value))}'"
    return f"{int(value) / 100:.2f}" if column == "cents" else str(int(value))


def _whole(column: str, value: Any) -> int:
    if column == "last":
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return int((day - date(1970, 1, 1)).days)
    return round(value * 100) if column == "cents" else int(value)


def _of_everybody(last: ScoreFit | None, everybody: Buyers, changed: int, as_of: int) -> Basis:
    since = changed + (last.limits["changed_since_fit"] if last else 0)
    if last is None or _is_stale(len(everybody), since):
        # The sums are short: several threads only wait for each other, up to a hundred times as
        # long where the processors are busy.
        with threadpool_limits(limits=1):
            models, since = fit_models(everybody, as_of=as_of), 0
    else:
        models = Models.of(last)
    return Basis(
        everybody,
        {name: Quintile.of(getattr(everybody, column)) for name, column in MEASURES.items()},
        models,
        int(np.count_nonzero(everybody.days > 1)),
        since,
        is_everybody=True,
    )


def _fit_row(build: ProfileBuild, basis: Basis, model: str) -> ScoreFit:
    models = basis.models
    return ScoreFit(
        build=build,
        as_of=build.as_of,
        model=model,
        buyers=basis.quintiles["recency"].buyers,
        repeat_buyers=basis.repeat_buyers,
        mbg_nbd=models.purchases.as_json() if models.purchases else {},
        bg_nbd=models.beside.as_json() if models.beside else {},
        gamma_gamma=models.spend.as_json() if models.spend else {},
        limits={
            **{name: one.as_json() for name, one in basis.quintiles.items()},
            "changed_since_fit": basis.changed_since_fit,
        },
        note=models.note[:300],
    )
