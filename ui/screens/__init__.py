"""The pages, each a function `show(backend)`."""
