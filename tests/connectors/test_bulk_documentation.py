"""The examples of docs/datasets.md run, and its tables have all options."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.bridges import LoaderConnector
from interlingua.connectors.datasets import DatasetConnector
from interlingua.connectors.dumps import MboxConnector, MediaWikiConnector, WarcConnector

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
CLASSES = {
    "Datasets": DatasetConnector,
    "MediaWiki dumps": MediaWikiConnector,
    "Web archives": WarcConnector,
    "Mailboxes": MboxConnector,
    "Bridges": LoaderConnector,
}
COMMON = {"self", "paths", "name", "limits"}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_makes_the_connector_of_its_section(section: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)
    values: dict[str, Any] = {}
    exec(code, values)
    (made,) = (value for value in values.values() if isinstance(value, CLASSES[section]))
    assert made.source
    if section == "Bridges":
        (document,) = made.documents()
        assert (document.id, document.language) == ("desk/17", "de")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_is_in_its_table(section: str) -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", SECTIONS[section], re.MULTILINE))
    assert documented == set(inspect.signature(CLASSES[section].__init__).parameters) - COMMON
