"""One module per format in which a file is one document: `read(file, limits) -> Content`."""
