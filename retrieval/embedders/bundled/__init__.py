"""The multilingual model that comes with the package; README.md is its model card, `training/` makes it."""
