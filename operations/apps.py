from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """What runs, how far it is, what came of it, and a button for each."""

    name = "operations"

    def ready(self) -> None:
        from operations import receivers

        receivers.connect()
