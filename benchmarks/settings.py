"""The product's settings with the two comparison views beside its own addresses."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
CELERY_BROKER_URL = "redis://127.0.0.1:6379/9"
