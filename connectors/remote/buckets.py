"""Listing S3 by keys, a page at a time.

Not by folders as fsspec does: that holds a folder of a million objects in memory, takes a bucket that does not exist
for an empty one (`walk`), and never comes to the keys `a//b`. Nor through obstore, which is lighter (2 packages instead
of 20) but cannot list a bucket in which one key has a `..` between two slashes, and reads `a//b` as `a/b`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..files.walk import Missed
from .listed import Listed, revision, size_of

_FROZEN = ("GLACIER", "DEEP_ARCHIVE")


def bucket_entries(fs: Any, url: str) -> Iterator[Listed | Missed]:
    """Every object below the prefix, or the one object of that name, in the order of UTF-8 keys.

    Errors of the file system come through as they are.
    """
    bucket, _, key = fs._strip_protocol(url).partition("/")
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    empty = True
    for item in _pages(fs, bucket, prefix):
        empty = False
        entry = _entry(bucket, item, item["Key"][len(prefix) :])
        if entry is not None:
            yield entry
    if empty and prefix and not url.endswith("/"):
        # Prefixes are no folders: without an object below it this is an object, or a prefix that is empty now.
        for item in _pages(fs, bucket, key, most=1):
            if item["Key"] == key:
                yield _entry(bucket, item, "") or Missed("", "a folder without a name")


def _pages(fs: Any, bucket: str, prefix: str, *, most: int = 1000) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=most, **token)
        yield from page.get("Contents", ())
        if not page.get("IsTruncated") or most == 1:
            return
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _entry(bucket: str, item: dict[str, Any], relative: str) -> Listed | Missed | None:
    size = size_of(item)
    if item["Key"].endswith("/"):
        return Missed(relative, "an object whose name ends in a slash") if size else None  # what consoles call a folder
    if item.get("StorageClass") in _FROZEN:
        return Missed(relative, f"in the storage class {item['StorageClass']}: restore it first")
    return Listed(f"{bucket}/{item['Key']}", relative, size, revision(item, size))
