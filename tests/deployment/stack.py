"""docker-compose.yml and the Dockerfile as the engines read them, as far as these files go.

No engine runs in the tests: what `docker compose config` and `docker build` would work out is worked out here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
RAW: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SECRETS = {"INTERLINGUA_API_KEY": "qdrant-0123456789abcdef", "INTERLINGUA_SERVER_KEY": "server-0123456789abcdef"}
PROFILES: list[tuple[str, ...]] = [(), ("cpu",), ("gpu",), ("mcp",), ("cpu", "mcp"), ("gpu", "mcp-gpu"), ("mcp-gpu",)]
"""What the documentation tells people to start."""

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\})")


class RefusedError(Exception):
    """Compose would not go on."""


def substituted(value: Any, variables: Mapping[str, str]) -> Any:
    """`value` with `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` filled in, as Compose does before it
    looks at profiles. Raises RefusedError for a required variable that is unset or empty."""
    if isinstance(value, dict):
        return {key: substituted(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [substituted(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        found = variables.get(match["name"], "")
        if not found and match["kind"] == ":?":
            raise RefusedError(f"required variable {match['name']} is missing a value: {match['rest']}")
        return found or (match["rest"] if match["kind"] == ":-" else "")

    return _VARIABLE.sub(fill, value)


def resolved(profiles: Sequence[str], variables: Mapping[str, str] = SECRETS) -> dict[str, dict[str, Any]]:
    """The services that start with these profiles, by name. Raises RefusedError, also where one needs a service that
    does not start."""
    services: dict[str, dict[str, Any]] = substituted(RAW, variables)["services"]
    active = {
        name: service
        for name, service in services.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }
    for service in active.values():  # a name without a value is passed on where it is set
        given = {
            name: variables.get(name) if value is None else value
            for name, value in service.get("environment", {}).items()
        }
        service["environment"] = {name: value for name, value in given.items() if value is not None}
    for name, service in active.items():
        if missing := sorted(set(service.get("depends_on", {})) - set(active)):
            raise RefusedError(f"service {name} depends on undefined service {missing[0]}")
    return active


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile in order: (keyword, what follows, on one line)."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.strip().partition(" ") for line in whole.splitlines() if line.strip()]
    return [(keyword.upper(), rest.strip()) for keyword, _, rest in found]


def stages(text: str) -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, by its name, in order; under "" those before the first."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    for keyword, rest in instructions(text):
        if keyword == "FROM":
            name = rest.split(" AS ")[1]
            found[name] = []
        found[name].append((keyword, rest))
    return found


DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RUNTIME = stages(DOCKERFILE)["runtime"]


def last(keyword: str) -> str:
    """What follows the keyword in the image that is run."""
    return [rest for found, rest in RUNTIME if found == keyword][-1]


def image_environment() -> dict[str, str]:
    """The environment that the image sets, PATH left out."""
    pairs = [word.partition("=") for found, rest in RUNTIME if found == "ENV" for word in rest.split()]
    return {name: value for name, _, value in pairs if name != "PATH"}


def health_check(service: Mapping[str, Any]) -> list[str]:
    """The command of a service's health check: its own, or the image's."""
    if "healthcheck" in service:
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD", "the other kind needs a shell in the image"
        return list(map(str, command))
    assert service["image"].startswith("interlingua:"), "another image's health check is not known"
    return [str(word) for word in json.loads(last("HEALTHCHECK").partition(" CMD ")[2])]


def command_line(service: Mapping[str, Any]) -> list[str]:
    """What a service of ours runs."""
    entrypoint = service.get("entrypoint") or json.loads(last("ENTRYPOINT"))
    return [*map(str, entrypoint), *map(str, service.get("command") or json.loads(last("CMD")))]


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a service of ours, without that of this machine."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return kept | image_environment() | {name: str(value) for name, value in service.get("environment", {}).items()}
