"""Funnel Site: the project that joins the apps."""

from funnel_site.celery import app as celery_app

__all__ = ["celery_app"]
