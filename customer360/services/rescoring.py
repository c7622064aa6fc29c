"""Whom a build has to score, with which quintiles and which models.

Scores are relative: one customer's purchase can move a quintile, and with it others' scores. Where
quintiles and models hold, only those staged are scored; else everybody is. Either way the outcome is
that of scoring everybody: the cut points are those of all buyers, and whether the models are fitted
anew follows from the day, the number of buyers and how many changed, not from the kind of build.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from customer360.models import CustomerProfile, ProfileBuild, ScoreFit
from customer360.services.quintiles import Quintile
from customer360.services.scoring import MEASURES, Buyers, Models, fit_models, score_buyers
from customer360.services.staging import IDS, STAGE, buyers_of, write_scores

FEW_BUYERS = 5_000
CHANGED_SHARE = 0.01
TABLE = CustomerProfile._meta.db_table
OTHERS = f"(SELECT * FROM {TABLE} WHERE customer_id NOT IN ({IDS})) AS others"  # noqa: S608
BEFORE = f"(SELECT * FROM {TABLE} WHERE customer_id IN ({IDS})) AS before"  # noqa: S608


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
    """The last quintiles and models, where both still hold."""
    since = last.limits["changed_since_fit"] + changed
    if _is_stale(last.buyers, since):
        return None
    before = buyers_of(BEFORE)
    quintiles = {}
    for name, column in MEASURES.items():
        after = Quintile.from_json(last.limits[name]).after(
            gone=getattr(before, column), come=getattr(staged, column)
        )
        if after is None:
            return None
        quintiles[name] = after
    if _is_stale(quintiles["recency"].buyers, since):
        return None
    repeat = last.repeat_buyers - int((before.days > 1).sum()) + int((staged.days > 1).sum())
    return Basis(staged, quintiles, Models.of(last), repeat, since, is_everybody=False)


def _of_everybody(last: ScoreFit | None, everybody: Buyers, changed: int, as_of: int) -> Basis:
    since = changed + (last.limits["changed_since_fit"] if last else 0)
    if last is None or _is_stale(len(everybody), since):
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
