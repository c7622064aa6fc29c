from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """Customers, rooms and messages, and the one way in."""

    name = "conversations"
    verbose_name = _("Conversations")

    def ready(self) -> None:
        from conversations import receivers
        from conversations.services import replaying, revealing

        receivers.connect()
        replaying.register_kinds()
        revealing.register_fields()
