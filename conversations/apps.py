from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Customers, rooms and messages, and the one way in."""

    name = "conversations"

    def ready(self) -> None:
        from conversations import receivers
        from conversations.services import replaying, revealing

        receivers.connect()
        replaying.register_kinds()
        revealing.register_fields()
