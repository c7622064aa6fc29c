"""Every test of this app keeps its files in a folder of its own; a browser of an administrator."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def chief(client: Client, db: None) -> Client:
    """A browser in which an administrator is signed in."""
    client.force_login(User.objects.create_superuser("chief"))
    return client
