"""Pages whose text layer cannot be used, read from their picture by tesseract (extra `ocr`).

`tesseract` says what there is on this machine, `languages` which of its data a page needs, `recognise` reads one page
in the worker process, and `reread` puts together what became of a document.
"""
