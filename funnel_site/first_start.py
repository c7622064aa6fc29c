"""What a fresh checkout lacks before settings can load: a secret key of its own.

Only `manage.py quickstart` calls this. Everything else refuses to start without SECRET_KEY,
so that no deployment ever runs on a key that others know.
"""

import os
import secrets
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"


def write_env_file(path: Path = ENV_FILE) -> bool:
    """Write a .env with a random SECRET_KEY; False where a key or a .env is already there."""
    if os.environ.get("SECRET_KEY") or path.exists():
        return False
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"SECRET_KEY={secrets.token_urlsafe(50)}\n")
    return True
