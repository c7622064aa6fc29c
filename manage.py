#!/usr/bin/env python
"""Run a management command of Funnel Site."""

import os
import sys

from funnel_site.first_start import write_env_file


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "funnel_site.settings")
    if sys.argv[1:2] == ["quickstart"]:
        write_env_file()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
