"""The staff screens of reviews: moderate, answer, change the bot's words, invite, the catalogue."""

from reviews.admin import campaigns, catalogue, reviews, words

__all__ = ["campaigns", "catalogue", "reviews", "words"]
