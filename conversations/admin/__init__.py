"""The staff screens of conversations: look, search, export, press a button that calls a service."""

from conversations.admin import attachments, customers, desk, inbox, lines, rooms

__all__ = ["attachments", "customers", "desk", "inbox", "lines", "rooms"]
