"""The product's own settings with what tests need: a key, quick passwords, nothing outside."""

import os

os.environ.setdefault("SECRET_KEY", "tests-only-" + "0123456789abcdef" * 3)
os.environ["DEBUG"] = "false"
os.environ["CELERY_BROKER_URL"] = ""
os.environ["TIME_ZONE"] = "Asia/Jakarta"
os.environ["PHONE_REGION"] = "ID"
os.environ["PUBLIC_BASE_URL"] = "http://localhost:8000"
os.environ.setdefault("LOG_LEVEL", "ERROR")

from funnel_site.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
# A thread that writes would outlive its test's transaction: tests write by hand.
DOOR_COUNTS_WRITTEN = False
WHITENOISE_AUTOREFRESH = True
# An erasure removes what others hand in meanwhile: each process of the tests has files of its own.
MEDIA_ROOT = VAR_DIR / "media" / os.environ.get("PYTEST_XDIST_WORKER", "alone")  # noqa: F405
WEBHOOK_SECRETS = [
    "whsec_dGVzdHMgb25seSwgdGhlIGZpcnN0IHNlY3JldCEh",
    "whsec_dGVzdHMgb25seSwgdGhlIG5leHQgc2VjcmV0ISEh",
]

if DATABASES["default"]["ENGINE"].endswith("postgresql"):  # noqa: F405
    # No test pulls the server's plug: what a commit waits for on the disk only costs time.
    DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"  # noqa: F405
