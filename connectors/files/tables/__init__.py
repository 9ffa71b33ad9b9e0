"""One module per format in which a row is one document: `rows(file, limits) -> Iterator[Row | BadRow]`."""
