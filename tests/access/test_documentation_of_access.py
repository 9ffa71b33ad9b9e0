"""What docs/keys.md and docs/mcp.md say is run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from interlingua.app.access.keys import read
from interlingua.app.cli import app
from typer.testing import CliRunner

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_file_of_keys_is_one(tmp_path: Path) -> None:
    page = (DOCS / "keys.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "keys.toml"
    path.write_text(block, encoding="utf-8")
    (key,) = read(path).values()
    assert (key.name, key.prefix, sorted(key.scopes)) == ("acme", "acme/", ["read", "write"])


def test_the_commands_that_make_keys_make_the_file(tmp_path: Path) -> None:
    page = (DOCS / "keys.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    interlingua (keys new .*?) >> keys.toml$", page, re.MULTILINE)
    assert len(commands) == 2
    path = tmp_path / "keys.toml"
    path.write_text("".join(CliRunner().invoke(app, command.split()).stdout for command in commands), encoding="utf-8")
    assert [key.name for key in read(path).values()] == ["reader", "acme"]


def test_the_configuration_of_a_client_names_a_command_that_there_is() -> None:
    page = (DOCS / "mcp.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (server,) = json.loads(block)["mcpServers"].values()
    assert server["command"] == "interlingua"
    assert CliRunner().invoke(app, [*server["args"], "--help"]).exit_code == 0
