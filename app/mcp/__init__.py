"""A server of the Model Context Protocol: an index as tools for a language model."""
