"""The staff screens of reviews: moderate, answer, change the bot's words, invite."""

from reviews.admin import campaigns, reviews, words

__all__ = ["campaigns", "reviews", "words"]
