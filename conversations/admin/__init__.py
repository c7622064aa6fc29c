"""The staff screens of conversations: look, search, export, press a button that calls a service."""

from conversations.admin import attachments, customers, desk, inbox, joining, lines, rooms

__all__ = ["attachments", "customers", "desk", "inbox", "joining", "lines", "rooms"]
