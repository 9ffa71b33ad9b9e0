"""docs/deployment.md and docs/kubernetes.yaml: commands, names and figures are those of this version."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from interlingua.app.cli import app
from interlingua.app.settings import Settings
from stack import PROFILES, RAW, ROOT, SECRETS, image_environment, last, resolved
from support import SENTENCES

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text("utf-8")))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[list[str]]:
    """The commands of ours in the page, as words that begin with the name of the command."""
    text = "\n".join([*blocks("sh"), *re.findall(r"`(docker compose [^`]+)`", PAGE)])
    found = re.findall(r"(?:\binterlingua|run --rm api(?:-gpu)?) ((?:keys )?[a-z]+(?: [^|\n]+)?)", text)
    return [shlex.split(command, comments=True) for command in found if not command.startswith(("INTER", "&&"))]


def test_commands_and_options_exist() -> None:
    known = typer.main.get_command(app)
    assert {words[0] for words in commands()} == {"keys", "migrate", "export", "import", "status"}
    for words in commands():
        command = known.commands[words[0]]  # type: ignore[attr-defined]
        if words[0] == "keys":
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_a_backup_of_a_folder_is_restored(tmp_path: Path) -> None:
    (text,) = (block for block in blocks("sh") if "--store restored" in block)
    (tmp_path / "docs").mkdir()
    for tag, sentence in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(sentence, encoding="utf-8")
    environment = os.environ | {"INTERLINGUA_EMBEDDER": "support:NgramEmbedder"}
    environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT / "tests")])
    for line in ["interlingua ingest docs", *text.splitlines()]:
        command = [sys.executable, "-m", "interlingua.app.cli", *line.split()[1:]]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert re.search(rf"documents +{len(SENTENCES)}\b", done.stdout), done.stdout


def test_every_variable_is_a_setting_or_one_of_the_compose_file() -> None:
    named = set(re.findall(r"INTERLINGUA_([A-Z_]+[A-Z])\b", PAGE)) - {"NAME"}
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    variables = set(re.findall(r"\$\{(\w+):", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert listed == variables


def test_the_table_of_services_is_that_of_the_compose_file() -> None:
    rows = re.findall(r"^\| (`\w[^|]*`) \| ([^|]+) \| ([^|]+) \| ", PAGE.split("## Settings")[0], re.MULTILINE)
    listed = {name: ports.strip() for names, _, ports in rows for name in re.findall(r"`([\w-]+)`", names)}
    assert set(listed) == set(RAW["services"])
    for profiles in PROFILES:
        for name, service in resolved(profiles).items():
            published = ", ".join(port.split(":")[1] for port in service.get("ports", [])) or "–"
            assert listed[name] == published, name


def test_the_first_commands_make_the_secrets_as_the_compose_file_says() -> None:
    made = re.search(r"^\(umask .*$", PAGE, re.MULTILINE)
    assert made is not None
    assert made[0] in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_override_fits_the_compose_file() -> None:
    override = yaml.safe_load(next(block for block in blocks("yaml") if block.startswith("services:")))
    for name, changes in override["services"].items():
        assert set(changes) <= set(RAW["services"][name]) | {"volumes"}
        given = {variable.removeprefix("INTERLINGUA_").lower() for variable in changes["environment"]}
        assert given <= set(Settings.model_fields)


def test_metrics_have_these_names() -> None:
    pytest.importorskip("prometheus_client", reason="prometheus-client is not installed: make test installs it")
    from interlingua.app.server.metrics import Metrics

    metrics = Metrics()
    metrics.request("POST", "/search", 200, 0.01)
    metrics.count_jobs([])
    metrics.pending(quick=0)
    scraped = metrics.text().decode()
    named = set(re.findall(r"`(interlingua_\w+)`", PAGE))
    assert len(named) == 4
    assert all(re.search(rf"^{name}(_count)?{{", scraped, re.MULTILINE) for name in named), scraped
    (config,) = (yaml.safe_load(block) for block in blocks("yaml") if block.startswith("scrape_configs:"))
    targets = {target for job in config["scrape_configs"] for target in job["static_configs"][0]["targets"]}
    published = {port.split(":")[1] for name in ("api", "qdrant") for port in RAW["services"][name]["ports"]}
    assert {target.split(":")[1] for target in targets} <= published


def test_figures_are_those_that_were_measured() -> None:
    latency = json.loads((ROOT / "benchmarks" / "results" / "latency.json").read_text())
    ingest = json.loads((ROOT / "benchmarks" / "results" / "ingest.json").read_text())
    rows = []
    for size in filter(str.isdigit, latency):
        query, disk = latency[size]["all_languages"], latency[size]["disk_mib"]
        rows.append(f"| {int(size):,} | {query['p50_ms']} / {query['p99_ms']} ms | {disk} MiB |")
    assert rows == [line for line in PAGE.splitlines() if re.match(r"\| [\d,]+ \|", line)]
    assert f"{ingest['tokens_per_second']:,} tokens/s" in PAGE
    assert f"{ingest['peak_mib']} MiB" in PAGE


def kind(name: str) -> list[dict[str, Any]]:
    return [document for document in KUBERNETES if document["kind"] == name]


PODS = [(owner, document["spec"]["template"]) for owner in ("StatefulSet", "Deployment") for document in kind(owner)]


def test_kubernetes_has_one_writer_and_many_readers() -> None:
    (writer,), (readers,) = kind("StatefulSet"), kind("Deployment")
    assert writer["spec"]["replicas"] == 1 < readers["spec"]["replicas"]
    assert "volumeClaimTemplates" in writer["spec"]
    assert {"name": "state", "emptyDir": {}} in readers["spec"]["template"]["spec"]["volumes"]
    for one in (writer, readers):
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
    assert [service["spec"]["selector"]["role"] for service in kind("Service")] == ["writer", "reader"]


@pytest.mark.parametrize(("owner", "pod"), PODS, ids=[owner for owner, _ in PODS])
def test_pods_are_confined_probed_and_given_time_to_end(owner: str, pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    (server,) = spec["containers"]
    uid, gid = last("USER").split(":")
    assert (spec["securityContext"]["runAsUser"], spec["securityContext"]["fsGroup"]) == (int(uid), int(gid))
    assert spec["terminationGracePeriodSeconds"] >= Settings.model_fields["shutdown_grace"].default + 20
    assert server["image"] == RAW["services"]["api"]["image"]
    assert server["ports"][0]["containerPort"] == int(image_environment()["INTERLINGUA_PORT"])
    probes = {name: server[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert [probe["path"] for probe in probes.values()] == ["/health", "/health", "/ready"]
    assert {probe["port"] for probe in probes.values()} == {server["ports"][0]["name"]}
    assert server["securityContext"]["readOnlyRootFilesystem"]
    assert server["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(server["resources"]) == {"requests", "limits"}
    volumes = {volume["name"] for volume in spec["volumes"]} | ({"state"} if owner == "StatefulSet" else set())
    assert {mount["name"] for mount in server["volumeMounts"]} == volumes


@pytest.mark.parametrize(("owner", "pod"), PODS, ids=[owner for owner, _ in PODS])
def test_variables_of_pods_are_settings_and_secrets_come_from_the_secret(owner: str, pod: dict[str, Any]) -> None:
    (server,) = pod["spec"]["containers"]
    given = {entry["name"]: entry for entry in server["env"]}
    names = {*given, *kind("ConfigMap")[0]["data"]}
    assert {name.removeprefix("INTERLINGUA_").lower() for name in names} <= set(Settings.model_fields)
    assert not set(SECRETS) & set(kind("ConfigMap")[0]["data"])
    assert "secretKeyRef" in given["INTERLINGUA_API_KEY"]["valueFrom"]
    (keys,) = (volume["secret"] for volume in pod["spec"]["volumes"] if volume["name"] == "keys")
    assert given["INTERLINGUA_KEYS"]["value"] == f"/etc/interlingua/{keys['items'][0]['path']}"
