"""Every error that Interlingua raises on purpose.

    InterlinguaError
    ├── ConfigurationError        a setting, an option or a name is wrong
    │   └── MissingExtraError     an optional dependency is not installed
    ├── InputError                a document, a query or a file cannot be used
    │   └── FilterError           a filter names an unknown key, language or operator
    ├── SourceError               a source of documents cannot be reached or broke off
    │   ├── CursorLostError       it no longer knows how far it was read
    │   └── TooEarlyError         it asked to be left alone for a while, which is not over
    ├── EmbedderError             the model failed or returned something unusable
    ├── ChatError                 the chat model failed or returned something unusable
    └── StoreError                the store failed or refused
        ├── StoreLockedError      another process has the embedded store open
        ├── ManifestError         the store was made by another model or another version
        └── VectorError           wrong dimension, NaN or infinity in a vector

Messages carry both values and the way out.
"""

from __future__ import annotations


class InterlinguaError(Exception):
    """Root of the tree; catch it to catch everything above."""


class ConfigurationError(InterlinguaError):
    """A setting, an option or a name is wrong."""


class MissingExtraError(ConfigurationError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. Run: pip install 'interlingua[{extra}]'")
        self.package = package
        self.extra = extra


class InputError(InterlinguaError):
    """A document, a query or a file cannot be used."""


class FilterError(InputError):
    """A filter names an unknown key, language or operator."""


class SourceError(InterlinguaError):
    """A source of documents cannot be reached or broke off: nothing that it lists, or fails to list, can be relied on.

    `retry_after` is how many seconds it asked to wait; `permanent` says that trying again will not help, as with a
    password that is refused.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, permanent: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.permanent = permanent


class CursorLostError(SourceError):
    """The source no longer knows how far it was read: everything must be listed again."""


class TooEarlyError(SourceError):
    """The source asked to be left alone for a while, of which `retry_after` seconds are left; it was not asked."""


class EmbedderError(InterlinguaError):
    """The model failed or returned something unusable."""


class ChatError(InterlinguaError):
    """The chat model failed or returned something unusable."""


class StoreError(InterlinguaError):
    """The store failed or refused."""


class StoreLockedError(StoreError):
    """Another process has the embedded store open."""


class ManifestError(StoreError):
    """The store was made by another model or another version."""


class VectorError(StoreError):
    """Wrong dimension, NaN or infinity in a vector."""
