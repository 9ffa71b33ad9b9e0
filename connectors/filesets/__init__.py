"""Large files that hold many documents each: which there are, how far they were read, and what has changed."""
