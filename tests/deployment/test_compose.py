"""docker-compose.yml: what starts with which profile, and that nothing starts open, unpinned or unwatched."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
import yaml
from interlingua.app.settings import Dialect, RerankDialect, Settings
from interlingua.retrieval.catalogue import embedding_model, reranker_model
from stack import PROFILES, RAW, ROOT, SECRETS, RefusedError, resolved, substituted

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
EVERY = {name: service for profiles in PROFILES for name, service in resolved(profiles).items()}
OURS = {name: service for name, service in EVERY.items() if "build" in service}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

every_service = pytest.mark.parametrize("name", sorted(EVERY))
every_choice = pytest.mark.parametrize("profiles", PROFILES, ids="+".join)


def by_schema(folder: Path, content: Any) -> subprocess.CompletedProcess[str]:
    """The schema of the compose specification, applied."""
    file = folder / "docker-compose.yml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_file_and_what_each_profile_makes_of_it_follow_the_compose_specification(tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: make test installs it")
    for content in (RAW, {**RAW, "services": EVERY}):
        done = by_schema(tmp_path, content)
        assert done.returncode == 0, done.stdout
    wrong = {**RAW, "services": {"api": {**RAW["services"]["api"], "stop_grace_period": 60}}}
    assert by_schema(tmp_path, wrong).returncode != 0


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_starts_without_its_secrets(name: str, value: str | None) -> None:
    variables = {**SECRETS, name: value} if value is not None else {k: v for k, v in SECRETS.items() if k != name}
    for profiles in PROFILES:
        with pytest.raises(RefusedError, match=f"{name} is missing a value: .+docker-compose.yml"):
            resolved(profiles, variables)  # type: ignore[arg-type]


def test_no_secret_stands_in_the_file_or_has_a_default() -> None:
    wrong = [
        f"{name}: {variable}={value}"
        for name, service in RAW["services"].items()
        for variable, value in service.get("environment", {}).items()
        if re.search("KEY|TOKEN|PASSWORD|SECRET", variable)
        and value is not None  # passed on from the environment where it is set there
        and not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)
    ]
    assert wrong == []


def test_each_profile_starts_what_the_documentation_says() -> None:
    started = {profiles: set(resolved(profiles)) for profiles in PROFILES}
    assert started == {
        (): {"qdrant"},
        ("cpu",): {"qdrant", "api", "ui"},
        ("gpu",): {"qdrant", "embedder", "reranker", "api-gpu", "ui-gpu"},
        ("mcp",): {"qdrant", "mcp"},
        ("cpu", "mcp"): {"qdrant", "api", "ui", "mcp"},
        ("gpu", "mcp-gpu"): {"qdrant", "embedder", "reranker", "api-gpu", "ui-gpu", "mcp-gpu"},
        ("mcp-gpu",): {"qdrant", "embedder", "mcp-gpu"},
    }
    assert set(EVERY) == set(RAW["services"])


@every_choice
def test_services_start_after_what_they_need_and_reach_it(profiles: tuple[str, ...]) -> None:
    active = resolved(profiles)
    needs: dict[str, set[str]] = {}  # of each service, also by way of others
    for name in TopologicalSorter({name: s.get("depends_on", {}) for name, s in active.items()}).static_order():
        direct = set(active[name].get("depends_on", {}))
        needs[name] = direct.union(*(needs[other] for other in direct))
    for name, service in active.items():
        for variable, value in service.get("environment", {}).items():
            host = urlsplit(value).hostname if "://" in value else None
            if host is not None:
                assert host in active, f"{name}: {variable}"
                assert set(service["networks"]) & set(active[host]["networks"]), f"{name} cannot reach {host}"
                assert host in needs[name], f"{name} may start before {host}"


@every_choice
def test_volumes_and_networks_are_declared_and_no_two_services_want_one_port(profiles: tuple[str, ...]) -> None:
    active = resolved(profiles)
    named = {volume.split(":")[0] for service in active.values() for volume in service.get("volumes", [])}
    assert named <= set(RAW["volumes"])
    assert {network for service in active.values() for network in service["networks"]} <= set(RAW["networks"])
    ports = sorted(port.split(":")[1] for service in active.values() for port in service.get("ports", []))
    assert all(one != other for one, other in pairwise(ports))


def test_every_volume_and_network_is_used() -> None:
    named = {volume.split(":")[0] for service in EVERY.values() for volume in service.get("volumes", [])}
    assert named == set(RAW["volumes"])
    assert {network for service in EVERY.values() for network in service["networks"]} == set(RAW["networks"])


@every_service
def test_ports_are_for_this_machine_alone(name: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in EVERY[name].get("ports", []))


@every_service
def test_images_are_pinned_by_version(name: str) -> None:
    assert re.fullmatch(r"[\w./-]+:[\w-]*\d+\.\d+\.\d+", EVERY[name]["image"])
    if name in OURS:
        assert EVERY[name]["image"] == f"interlingua:{PYPROJECT['project']['version']}"


@every_service
def test_every_service_is_confined_watched_and_limited(name: str) -> None:
    service = EVERY[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    limits = service["deploy"]["resources"]["limits"]
    assert "memory" in limits
    assert ("cpus" in limits) is not ("cpuset" in service)
    assert name in OURS or "healthcheck" in service
    # What the image of the model servers writes outside its volume is not known, and cannot be tried without a GPU.
    assert service.get("read_only", False) is (name not in ("embedder", "reranker"))


@pytest.mark.parametrize("name", ["embedder", "reranker"])
def test_model_servers_have_a_gpu(name: str) -> None:
    (device,) = EVERY[name]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_model_servers_do_not_reach_the_store() -> None:
    for name in ("embedder", "reranker"):
        assert not set(EVERY[name]["networks"]) & set(EVERY["qdrant"]["networks"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    given = {variable.removeprefix("INTERLINGUA_").lower() for variable in OURS[name]["environment"]}
    assert given <= set(Settings.model_fields)


@pytest.mark.parametrize("name", ["api", "api-gpu"])
def test_the_api_has_longer_to_stop_than_it_takes(name: str) -> None:
    grace = int(OURS[name]["stop_grace_period"].removesuffix("s"))
    assert grace >= Settings.model_fields["shutdown_grace"].default + 20


@pytest.mark.parametrize("name", [name for name in OURS if name.endswith("-gpu") and name != "ui-gpu"])
def test_what_is_asked_of_the_model_servers_is_what_they_serve(name: str) -> None:
    ours = OURS[name]["environment"]
    for kind, dialects in (("EMBEDDER", Dialect), ("RERANKER", RerankDialect)):
        if kind == "EMBEDDER" or f"INTERLINGUA_{kind}" in ours:
            served = arguments(kind.lower())
            assert ours[f"INTERLINGUA_{kind}"] == served["--model-id"]
            assert ours[f"INTERLINGUA_{kind}_URL"] == f"http://{kind.lower()}:{served['--port']}"
            assert ours[f"INTERLINGUA_{kind}_DIALECT"] in get_args(dialects)


def arguments(name: str) -> dict[str, str]:
    """The options of a model server."""
    command = EVERY[name]["command"]
    return dict(zip(command[::2], command[1::2], strict=True))


def test_the_model_servers_can_serve_their_models_rightly_and_commercially() -> None:
    embedder = embedding_model(arguments("embedder")["--model-id"])
    reranker = reranker_model(arguments("reranker")["--model-id"])
    assert embedder is not None
    assert reranker is not None
    assert arguments("embedder")["--pooling"] == {"last": "last-token"}[embedder.pooling]
    assert reranker.kind == "cross-encoder"  # Text Embeddings Inference cannot serve a causal one
    assert embedder.commercial
    assert reranker.commercial


def test_the_first_lines_make_the_secrets_and_name_every_profile(tmp_path: Path) -> None:
    comment = "".join(line[2:] + "\n" for line in TEXT.splitlines() if line.startswith("# "))
    made = re.search(r"^ *(\(umask .*)$", comment, re.MULTILINE)
    assert made is not None
    subprocess.run(["bash", "-c", made[1]], cwd=tmp_path, check=True, timeout=30)
    file = tmp_path / ".env"
    assert file.stat().st_mode & 0o077 == 0
    variables = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(variables) == set(SECRETS)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in variables.values())
    assert substituted(RAW, variables)
    named = {profile for service in RAW["services"].values() for profile in service.get("profiles", [])}
    assert named <= set(re.findall(r"--profile ([\w-]+)", comment)) | set(re.findall(r"is called ([\w-]+)", comment))
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
