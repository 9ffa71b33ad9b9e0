"""A wheel, installed with one extra: nothing of the checkout and no other package is at hand, and it answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from support import SENTENCES

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make test installs it")
pytest.importorskip("setuptools", minversion="77", reason="setuptools is not installed, so no wheel can be built")
packaging = pytest.importorskip("packaging.requirements", reason="packaging is not installed: pytest brings it")

ROOT = Path(__file__).parent.parent
LEFT_OUT = (".git", ".venv", ".ci", "__pycache__", "*.egg-info", "build", "shared", "work", ".*_cache", "results")

PROGRAM = """
import sys
from importlib.abc import MetaPathFinder

target, libraries, hidden, answer = {target!r}, {libraries!r}, {hidden!r}, {answer!r}


class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(name + " is no requirement", name=name)


sys.meta_path.insert(0, Hidden())
sys.path += [target, *libraries]
import interlingua
from interlingua.retrieval.adapters.langchain import InterlinguaRetriever

assert interlingua.__file__.startswith(target), interlingua.__file__
with interlingua.open("index") as index:
    index.ingest("docs")
    print(InterlinguaRetriever(index=index, k=1).invoke(answer)[0].page_content)
try:
    import interlingua.retrieval.adapters.llamaindex
except interlingua.InterlinguaError as error:
    print(error)
"""


@pytest.mark.slow
def test_an_installed_wheel_with_the_langchain_extra_answers(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    _run([*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(tmp_path), str(source)], tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    _run([*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], tmp_path)
    shutil.rmtree(source)

    (tmp_path / "docs").mkdir()
    for tag, text in SENTENCES.items():
        (tmp_path / "docs" / f"{tag}.txt").write_text(text, encoding="utf-8")
    needed = {"interlingua", *_requirements(target, extra="langchain")}
    program = PROGRAM.format(
        target=str(target),
        libraries=sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
        hidden=sorted(
            module
            for module, owners in packages_distributions().items()
            if not needed & {_name(owner) for owner in owners}
        ),
        answer=SENTENCES["ja"],
    )
    # -I and -S: neither PYTHONPATH nor what an editable install puts in the way of an import.
    done = _run([sys.executable, "-I", "-S", "-c", program], tmp_path)
    assert done.splitlines() == [
        SENTENCES["ja"],
        "llama-index-core is not installed. Run: pip install 'interlingua[llamaindex]'",
    ]


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _requirements(target: Path, *, extra: str) -> set[str]:
    """The names of all distributions that the wheel in `target` needs with `extra`, and that those need."""
    metadata = next(target.glob("interlingua-*.dist-info")) / "METADATA"
    lines = re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(encoding="utf-8"), re.MULTILINE)
    found: set[tuple[str, frozenset[str]]] = set()
    rest = [(line, frozenset({extra, ""})) for line in lines]
    while rest:
        line, extras = rest.pop()
        requirement = packaging.Requirement(line)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": one}) for one in extras):
            continue
        wanted = _name(requirement.name), frozenset({*requirement.extras, ""})
        if wanted in found:
            continue
        found.add(wanted)
        try:
            rest += [(one, wanted[1]) for one in distribution(wanted[0]).requires or []]
        except PackageNotFoundError:  # not needed on this machine
            continue
    return {name for name, _ in found}


def _name(distribution_name: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution_name).lower()
