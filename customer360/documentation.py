"""docs/metrics.md, written from the dictionary; a test keeps file and dictionary equal.

Run: python -m customer360.documentation > docs/metrics.md
"""

from collections.abc import Iterator

from customer360.fields import FIELDS
from customer360.metrics import FIGURES, Figure
from customer360.scores.segments import NO_PURCHASE, SEGMENT_RULES

HEAD = """# Metrics

Every figure of the dashboard and every field of a customer's profile: one definition each, in
`customer360/metrics.py` and `customer360/fields.py`, from which the dashboard's explanations, the API, the
headers of exports and this page come. Write this page anew with
`python -m customer360.documentation > docs/metrics.md`.

All figures of one page are of one build; its number, its day and the newest row of each source that it has
read stand above them and in `build` of the API's answers; number and day also in the headers `X-Build-Id`
and `X-As-Of`. Rows dated after the build's day do not count yet.
Amounts in different currencies are never added up.

## Figures
"""
SEGMENTS_HEAD = """
## Segments

The first row that holds a customer's three scores names the segment. Every one of the 125 triples has
one; who never bought is "{none}".

| Segment | Recency | Frequency | Monetary | Who they are | What to do |
|---|---|---|---|---|---|"""
FIELDS_HEAD = """
## Fields of a profile

| Field | Is | Where there is nothing | Unit | Version |
|---|---|---|---|---|"""


def metrics_page() -> str:
    """The whole page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD.rstrip()
    for figure in FIGURES:
        yield from _figure(figure)
    yield SEGMENTS_HEAD.format(none=NO_PURCHASE)
    for rule in SEGMENT_RULES:
        spans = (rule.recency, rule.frequency, rule.monetary)
        scores = " | ".join(str(low) if low == high else f"{low}–{high}" for low, high in spans)
        yield f"| {rule.name} | {scores} | {rule.meaning} | {rule.advice} |"
    yield FIELDS_HEAD
    for field in FIELDS:
        yield (
            f"| `{field.key}` | {field.formula} | {field.null_rule} | {field.unit} |"
            f" {field.version} |"
        )


def _figure(figure: Figure) -> Iterator[str]:
    yield f"\n### {figure.title} (`{figure.key}`, version {figure.version})\n"
    yield f"{figure.meaning}.\n"
    yield f"- Formula: {figure.formula}"
    yield f"- One row is: {figure.grain}"
    yield f"- Days: {figure.period}"
    yield f"- Where there is nothing: {figure.null_rule}"
    yield f"- Rows behind it: {figure.rows}"
    if figure.columns:
        names = ", ".join(f"`{column.key}`" for column in figure.columns)
        yield f"- Columns: {names}"
    if figure.sources:
        yield "- Read from: " + ", ".join(f"`{name}`" for name in figure.sources)
    yield f"- API: `{figure.endpoint}`"


if __name__ == "__main__":
    import sys

    sys.stdout.write(metrics_page())
