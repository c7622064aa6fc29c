"""The web tier's entry point: the only place that turns the connection pool on."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "funnel_site.settings")
os.environ.setdefault("DATABASE_POOL", "true")
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_MS", "20000")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
