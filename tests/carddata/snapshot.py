"""`python -m tests.carddata.snapshot`: what a site knows of cards, without keys, as JSON."""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django


def main() -> None:
    django.setup()
    from carddata.models import PartnerFile
    from tests.carddata.making import event_rows, status_rows

    files = PartnerFile.objects.order_by("name", "sha256").values_list(
        "name", "state", "rows_total", "read", "loaded", "duplicate", "rejected"
    )
    said = {
        "events": sorted(map(str, event_rows())),
        "statuses": {card: str(row) for card, row in sorted(status_rows().items())},
        "files": [list(file) for file in files],
    }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
