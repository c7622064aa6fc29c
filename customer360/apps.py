from django.apps import AppConfig


class Customer360Config(AppConfig):
    """Seven sources and our own apps become one profile per customer."""

    name = "customer360"
    verbose_name = "Customer 360"
