"""Archives that are published or kept as files: MediaWiki dumps, WARC, mbox."""

from .mbox import MboxConnector
from .mediawiki import MediaWikiConnector
from .warc import WarcConnector

__all__ = ["MboxConnector", "MediaWikiConnector", "WarcConnector"]
