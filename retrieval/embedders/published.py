"""Read the folder that a model was published in: its files, what identifies them, its tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer as JsonTokenizer

from ..errors import ConfigurationError, EmbedderError

REMEDY = "Reinstall interlingua if it is the bundled model; else make the folder again with `python -m training`."


def read_files(folder: Path, names: Sequence[str], *, kind: str) -> dict[str, bytes]:
    """The contents of the files `names`; `kind` of model is what the message says is missing.

    Raises:
        ConfigurationError: the folder or one of the files is not there.
    """
    try:
        return {name: (folder / name).read_bytes() for name in names}
    except OSError as error:
        raise ConfigurationError(
            f"{folder} holds no {kind} model: {Path(error.filename).name} cannot be read ({error.strerror}). "
            f"It needs {', '.join(names)}. {REMEDY}"
        ) from error


def fingerprint(code: bytes, contents: Mapping[str, bytes]) -> str:
    """Hash of the files and of what the code does with them; 32 hexadecimal digits."""
    digest = hashlib.blake2b(code, digest_size=16)
    for content in contents.values():
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def parse_tokenizer(folder: Path, data: bytes) -> JsonTokenizer:
    """The tokenizer.json of `folder`, which neither cuts nor pads.

    Raises:
        EmbedderError: it is damaged.
    """
    try:
        tokenizer = JsonTokenizer.from_buffer(data)
    except Exception as error:  # tokenizers raises bare Exceptions
        raise EmbedderError(f"{folder / 'tokenizer.json'} is damaged: {error}. {REMEDY}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
