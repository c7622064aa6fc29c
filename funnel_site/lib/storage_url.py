"""A place for files by its address: a folder of this machine, or a bucket of an S3 server."""

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, Storage

S3_OPTIONS = {
    "endpoint": "endpoint_url",
    "region": "region_name",
    "access_key": "access_key",
    "secret_key": "secret_key",
}
IN_MEMORY = 8 * 2**20


def storage_settings(url: str) -> dict[str, Any]:
    """An entry of Django's STORAGES for an address; the folder of MEDIA_ROOT where it is empty.

    Raises ImproperlyConfigured for an address that cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        options = _bucket_options(parts.netloc, parts.path, parts.query)
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    entry: dict[str, Any] = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    if url:
        storage: Any = storage_from_url(url)
        entry["OPTIONS"] = {"location": storage.location}
    return entry


def storage_from_url(url: str) -> Storage:
    """The storage at `s3://bucket/folder?endpoint=…&region=…`, at a path, or at `file:///path`.

    Keys come from `access_key` and `secret_key` in the address, else from AWS's own variables.
    Raises ImproperlyConfigured for an address that cannot be read. Nothing is connected to yet.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _bucket(parts.netloc, parts.path, parts.query)
    if parts.scheme == "file":
        return FileSystemStorage(location=unquote(parts.path))
    if parts.scheme and "://" in url:
        raise ImproperlyConfigured(
            f"{parts.scheme}:// is no storage we know: give a path or s3://…"
        )
    return FileSystemStorage(location=os.path.expanduser(url))


def _bucket(bucket: str, path: str, query: str) -> Storage:
    from storages.backends.s3 import S3Storage

    made: Storage = S3Storage(**_bucket_options(bucket, path, query))
    return made


def _bucket_options(bucket: str, path: str, query: str) -> dict[str, Any]:
    if not bucket:
        raise ImproperlyConfigured("an s3:// address begins with the bucket's name")
    given = parse_qs(query)
    if unknown := sorted(given.keys() - S3_OPTIONS.keys()):
        raise ImproperlyConfigured(f"an s3:// address does not know {unknown[0]}")
    return {
        "bucket_name": bucket,
        "location": path.strip("/"),
        "file_overwrite": False,
        # Beyond this an object is held in a temporary file, not in memory.
        "max_memory_size": IN_MEMORY,
        "querystring_auth": True,
        **{S3_OPTIONS[name]: values[-1] for name, values in given.items()},
    }
