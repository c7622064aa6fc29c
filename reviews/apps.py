from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """The review bot, its reviews and its invitations."""

    name = "reviews"

    def ready(self) -> None:
        from reviews import receivers

        receivers.connect()
