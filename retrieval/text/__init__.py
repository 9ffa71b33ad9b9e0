"""Text in every script: normalisation, language identification and chunking."""
