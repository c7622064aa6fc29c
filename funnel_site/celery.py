"""The Celery application: `celery -A funnel_site worker`, `celery -A funnel_site beat`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "funnel_site.settings")

app = Celery("funnel_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
