"""Settings: flags (or keyword options), then `INTERLINGUA_*` variables, then `interlingua.toml`, then the defaults.

This module is the only reader of the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ..retrieval.errors import ConfigurationError
from ..retrieval.manifest import Quantization

CONFIG_FILE = Path("interlingua.toml")
OF_THE_EMBEDDER = {"embedder", "dimensions", "task", "embedder_url", "embedder_dialect"}
SECRET = {"api_key", "embedder_key", "target_key", "reranker_key", "server_key", "mcp_key", "chat_key"}
Dialect = Literal["tei", "openai", "zeroentropy"]
RerankDialect = Literal["tei", "cohere", "zeroentropy"]


class Settings(BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(
        env_prefix="INTERLINGUA_", toml_file=CONFIG_FILE, extra="forbid", frozen=True, env_ignore_empty=True
    )

    store: str = Field(".interlingua", description="Folder of the embedded store, or URL of a Qdrant server.")
    collection: str = Field("interlingua", description="Collection name on a Qdrant server.")
    api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    embedder: str = Field("bundled", description="Model: a name, a hub id, a folder, or package.module:Class.")
    dimensions: int | None = Field(None, ge=1, description="Length of a vector, where the model allows a choice.")
    task: str | None = Field(None, description="What queries are for, where the model takes an instruction.")
    embedder_url: str | None = Field(None, description="Address of a server that runs the model.")
    embedder_dialect: Dialect | None = Field(None, description="Of that server: tei, openai, zeroentropy; or asked.")
    embedder_key: SecretStr | None = Field(None, description="API key of that server.")
    target_key: SecretStr | None = Field(None, description="API key of the server that migrate --url goes to.")
    reranker: str | None = Field(None, description="Reranker: a name, a hub id or a folder; used when asked for.")
    reranker_url: str | None = Field(None, description="Address of a server that runs the reranker.")
    reranker_dialect: RerankDialect | None = Field(None, description="Of that server: tei, cohere, zeroentropy.")
    reranker_key: SecretStr | None = Field(None, description="API key of that server.")
    chat_url: str | None = Field(None, description="Address of a server with OpenAI's API that runs the chat model.")
    chat_model: str | None = Field(None, description="Its name there; or package.module:factory, of LangChain.")
    chat_key: SecretStr | None = Field(None, description="API key of that server.")
    chat_timeout: float = Field(120, gt=0, description="Seconds until an answer begins, and from piece to piece.")
    chat_context: int = Field(3072, ge=512, description="Tokens that a prompt may have, at three bytes of text each.")
    answer_score: float | None = Field(None, description="Least cosine of the best passage; below it no answer.")
    device: str | None = Field(None, description="That models run on in this process, such as cuda:1 or cuda:0,cuda:1.")
    revision: str | None = Field(None, description="Commit or branch of a hub model.")
    trust_remote_code: bool = Field(False, description="Run code that a hub model of that revision brings along.")
    keys: str | None = Field(None, description="File of the API keys of serve and mcp; see interlingua keys new.")
    server_key: SecretStr | None = Field(None, description="An API key of serve and mcp that may do everything.")
    mcp_key: SecretStr | None = Field(None, description="The API key that mcp acts with on standard input.")
    mcp: bool = Field(False, description="Whether serve offers the tools of mcp too, at /mcp.")
    mcp_ingest: bool = Field(False, description="Whether these tools may add documents, for keys that may write.")
    fetch_pages: bool = Field(False, description="Whether keys that may write may also add public web pages by URL.")
    web_hosts: tuple[str, ...] = Field((), description="Hosts, or networks, of web pages, besides public ones.")
    host: str = Field("127.0.0.1", description="Address that serve listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that serve listens on; 0 takes a free one.")
    ui_url: str | None = Field(None, description="Server (interlingua serve) that the web interface shows.")
    state: str | None = Field(None, description="Folder of the jobs and uploads of serve; beside the store by default.")
    shutdown_grace: float = Field(30, ge=0, description="Seconds that serve gives requests and the job when it stops.")
    request_timeout: float = Field(30, gt=0, description="Seconds that serve gives one request.")
    max_body: int = Field(10_000_000, ge=1000, description="Bytes of a request that is no upload.")
    max_file: int = Field(200_000_000, ge=1, description="Bytes of one file of an upload.")
    max_upload: int = Field(1_000_000_000, ge=1000, description="Bytes of all files of an upload.")
    max_query: int = Field(8_192, ge=1, description="Characters of a query.")
    max_passages: int = Field(100, ge=1, le=1000, description="Passages of one search; documents to rerank.")
    max_documents: int = Field(1_000, ge=1, description="Documents, files or texts of one request.")
    max_waiting: int = Field(256, ge=1, description="Requests in work or waiting for a thread; more are refused.")
    rate: float = Field(100, ge=0, description="Requests a second of one API key, twice as many at once; 0: no limit.")
    threads: int | None = Field(None, ge=1, description="Threads for searches; by default from the number of cores.")
    cors_origins: tuple[str, ...] = Field((), description="Web pages of other origins that may call serve.")
    quantization: Quantization = Field("int8", description="How vectors are compressed: int8, binary or none.")
    chunk_tokens: int = Field(256, ge=16, description="Longest chunk, in tokens of the embedder.")
    chunk_overlap: int = Field(0, ge=0, description="Whole sentences that neighbouring chunks share.")
    ocr: bool = Field(True, description="Read pages of PDFs without usable text by OCR, with the extra ocr.")
    ocr_languages: tuple[str, ...] = Field((), description="Of documents that do not tell theirs: scans of one.")
    ocr_max_pages: int = Field(100, ge=1, description="Pages of one document that OCR reads, at 2 to 6 s each.")
    sources: dict[str, dict[str, Any]] = Field(
        {}, repr=False, description="Tables of what sync keeps in step; see sources."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, environment, file; no .env and no secrets folder."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(**options: Any) -> Settings:
    """The settings in force; options that are None are as if not given. Raises ConfigurationError."""
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise ConfigurationError(f"Unknown option {unknown[0]!r}. Options: {', '.join(sorted(Settings.model_fields))}.")
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Settings.model_fields))
            raise ConfigurationError(f"{CONFIG_FILE} has an unknown setting {name!r}. Settings: {known}.") from None
        got = "" if name in SECRET or name.startswith("sources") else f"; got {first['input']!r}"
        raise ConfigurationError(f"Setting {name}: {first['msg']}{got}.") from None
    except ValueError as error:  # tomllib.TOMLDecodeError
        raise ConfigurationError(f"{CONFIG_FILE} cannot be read: {error}") from error


def check_interface(settings: Settings) -> None:
    """Refuse keys for an interface over a server, which would look at none. Raises ConfigurationError."""
    if settings.ui_url is not None and settings.keys is not None:
        raise ConfigurationError(
            f"keys ({settings.keys}) are for an index of its own, and the interface shows that of the server at "
            f"{shown(settings.ui_url)}, where people sign in with the server's keys. Leave one of them out: give the "
            "keys to interlingua serve."
        )


def variables(**options: Any) -> dict[str, str]:
    """`options` as environment variables, for a process that is to have them; those that are None are left out."""
    return {f"INTERLINGUA_{name.upper()}": str(value) for name, value in options.items() if value is not None}


def origins(**options: Any) -> dict[str, str]:
    """Where each setting came from: `option`, `INTERLINGUA_…`, `interlingua.toml` or `default`."""
    sources = [
        ("option", InitSettingsSource(Settings, {k: v for k, v in options.items() if v is not None})()),
        ("environment", EnvSettingsSource(Settings)()),
        (str(CONFIG_FILE), TomlConfigSettingsSource(Settings)()),
    ]
    found = {}
    for name in Settings.model_fields:
        origin = next((label for label, values in sources if name in values), "default")
        found[name] = f"INTERLINGUA_{name.upper()}" if origin == "environment" else origin
    return found


def described(settings: Settings, **options: Any) -> list[tuple[str, str, str]]:
    """Each setting with its value as it may be shown (`-` for none), and where it came from; see `origins`."""
    rows = []
    for name, origin in origins(**options).items():
        value = getattr(settings, name)
        value = shown(value) if isinstance(value, str) and "://" in value else value
        if isinstance(value, dict):  # of tables only the names: a password may stand in one
            value = ", ".join(value) or None
        rows.append((name, "-" if value is None else str(value), origin))
    return rows


def variable(name: str) -> str | None:
    """A variable of the environment that a configuration names; None where there is none."""
    return os.environ.get(name)


def plain(secret: SecretStr | None) -> str | None:
    """A key as a server wants it."""
    return None if secret is None else secret.get_secret_value()


def shown(store: str) -> str:
    """A store or a server as it may be shown: without the user, password and query of a URL."""
    if "://" not in store:
        return store
    parts = urlsplit(store)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
