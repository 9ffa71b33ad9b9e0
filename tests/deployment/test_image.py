"""The Dockerfile: what it copies, installs and runs, and as whom. That it installs and serves is tried by hand."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch

import pytest
from interlingua.app.settings import Settings
from stack import DOCKERFILE, ROOT, RUNTIME, image_environment, instructions, last, stages

STAGES = stages(DOCKERFILE)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def of(stage: str, keyword: str) -> list[str]:
    return [rest for found, rest in STAGES[stage] if found == keyword]


def copied() -> list[str]:
    """What the build takes from this folder."""
    sources = [rest.split()[:-1] for rest in of("wheel", "COPY")]
    return [name for names in sources for name in names]


def test_three_stages_on_one_python_pinned_by_version() -> None:
    assert list(STAGES) == ["", "wheel", "install", "runtime"]
    assert all(of(name, "FROM") == [f"python:${{PYTHON}} AS {name}"] for name in ("wheel", "install", "runtime"))
    version = re.fullmatch(r"PYTHON=(\d+\.\d+)\.\d+-slim-\w+", of("", "ARG")[0])
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in PYPROJECT["project"]["classifiers"]


def test_what_is_copied_exists_and_is_let_through_and_nothing_else() -> None:
    assert all((ROOT / name).exists() for name in copied())
    ignored, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert ignored == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == set(copied())
    assert ".env" not in copied()


def test_the_wheel_gets_every_file_that_packaging_asks_for() -> None:
    setuptools = PYPROJECT["tool"]["setuptools"]
    folders = {package.split(".")[1] for package in setuptools["packages"] if "." in package}
    assert folders <= set(copied())
    named = [*PYPROJECT["project"]["license-files"], PYPROJECT["project"]["readme"], "pyproject.toml", "__init__.py"]
    for package, patterns in setuptools["package-data"].items():
        named += ["/".join([*package.split(".")[1:], pattern]) for pattern in patterns]
    missing = [name for name in named if not any(fnmatch(name, f"{source}*") for source in copied())]
    assert missing == []


def test_the_extras_exist_and_need_no_torch() -> None:
    (extras,) = (rest.removeprefix("EXTRAS=") for rest in of("install", "ARG"))
    known = PYPROJECT["project"]["optional-dependencies"]
    assert set(extras.split(",")) == {"server", "mcp", "ui", "datasets"} <= set(known)
    assert not any("torch" in package for extra in extras.split(",") for package in known[extra])


def test_what_is_run_has_the_installed_wheel_and_nothing_that_built_it() -> None:
    assert of("runtime", "COPY") == ["--from=install /opt/interlingua /opt/interlingua"]
    ocr, user = of("runtime", "RUN")
    assert not re.search(r"pip|apt|gcc|curl", user)
    assert 'OCR=""' in of("runtime", "ARG")  # nothing of the system's, unless it is asked for
    assert re.fullmatch(r'if \[ -n "\$\{OCR\}" \]; then .*--no-install-recommends \$\{OCR\} .*lists/\*; *fi', ocr)
    assert not re.search(r"pip|gcc|curl", ocr)
    (install,) = of("install", "RUN")
    assert "--only-binary=:all:" in install
    assert re.search(r"--mount=type=cache,target=\S+/\.cache/pip ", install)
    assert "--without-pip" in install


def test_it_runs_as_a_fixed_user_without_rights_that_owns_its_volume_alone() -> None:
    user = last("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    made = of("runtime", "RUN")[-1]
    uid, gid = user.split(":")
    assert f"--uid {uid}" in made
    assert f"--gid {gid}" in made
    assert last("VOLUME") == last("WORKDIR") == "/data"
    keywords = [keyword for keyword, _ in RUNTIME]
    assert keywords.index("USER") > max(index for index, keyword in enumerate(keywords) if keyword in ("RUN", "COPY"))


@pytest.mark.parametrize("keyword", ["ENTRYPOINT", "CMD"])
def test_programs_are_run_without_a_shell_so_that_signals_reach_them(keyword: str) -> None:
    assert {"ENTRYPOINT": ["interlingua"], "CMD": ["serve"]}[keyword] == json.loads(last(keyword))
    assert last("STOPSIGNAL") == "SIGTERM"


def test_its_environment_is_settings_of_ours_and_no_secrets() -> None:
    given = {name for name in image_environment() if name.startswith("INTERLINGUA_")}
    assert {name.removeprefix("INTERLINGUA_").lower() for name in given} <= set(Settings.model_fields)
    assert not re.search(r"(KEY|TOKEN|PASSWORD|SECRET)\s*=", DOCKERFILE)
    assert image_environment()["PYTHONUNBUFFERED"] == "1"
    assert last("EXPOSE") == image_environment()["INTERLINGUA_PORT"]


def test_its_labels_say_what_pyproject_says() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', last("LABEL")))
    project = PYPROJECT["project"]
    assert labels["version"] == project["version"]
    assert labels["licenses"] == project["license"]
    assert project["description"].startswith(labels["description"])


def test_comments_inside_an_instruction_do_not_end_it() -> None:
    assert instructions("RUN a \\\n# why\n    && b\nUSER x") == [("RUN", "a  && b"), ("USER", "x")]
