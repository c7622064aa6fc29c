from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Customers, rooms and messages, and the one way in."""

    name = "conversations"

    def ready(self) -> None:
        from conversations import receivers

        receivers.connect()
