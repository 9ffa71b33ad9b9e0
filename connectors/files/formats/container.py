"""Files known by their container: which office format is inside, whatever the name says."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ..archive import open_archive
from ..content import Content, UnreadableError
from ..limits import Limits
from ..registry import BY_NAME

_BY_MEMBER = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
    "META-INF/container.xml": "epub",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_ODF = {"text": "odt", "text-template": "odt", "spreadsheet": "ods", "presentation": "odp"}


def read_zip(file: BinaryIO, limits: Limits) -> Content:
    """A zip container read as what it holds, with that as `format` in the metadata."""
    with open_archive(file, limits) as archive:
        names = set(archive.namelist())
        mimetype = archive.read("mimetype").decode("ascii", "replace").strip() if "mimetype" in names else ""
    found = next((name for member, name in _BY_MEMBER.items() if member in names), None)
    shown = found
    if mimetype.startswith(_OPEN_DOCUMENT):
        found, shown = "odf", _ODF.get(mimetype.removeprefix(_OPEN_DOCUMENT))
    elif mimetype == "application/epub+zip":
        found = shown = "epub"
    elif "[Content_Types].xml" in names and found is None:
        raise UnreadableError("damaged: an office container without a document in it")
    if found is None or shown is None:
        raise UnreadableError("unsupported format: a zip archive (archives are not opened)")
    file.seek(0)
    content: Content = BY_NAME[found].load()(file, limits)
    return replace(content, metadata={**content.metadata, "format": shown})


def read_ole(file: BinaryIO, limits: Limits) -> Content:
    """Raise UnreadableError with what the file is: an encrypted office document, or a format of before 2007."""
    data = file.read(limits.max_file_bytes)
    kinds = (
        ("EncryptedPackage", "encrypted: needs a password"),
        ("WordDocument", "unsupported format: Word 97-2003; save it as .docx"),
        ("PowerPoint Document", "unsupported format: PowerPoint 97-2003; save it as .pptx"),
        ("Workbook", "unsupported format: Excel 97-2003; save it as .xlsx"),
        ("__substg1.0_", "unsupported format: Outlook .msg; save it as .eml"),
    )
    for stream, reason in kinds:
        if stream.encode("utf-16-le") in data:
            raise UnreadableError(reason)
    raise UnreadableError("unsupported format: an OLE file")
