"""A server and its client: add documents, upload a file and follow its job, search.

    pip install 'interlingua[server]'
    python examples/http_client.py                          # starts a server of its own, and stops it
    python examples/http_client.py http://host:8000 KEY     # uses yours; adds the sentences to it

docs/client.md has the other methods.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from interlingua import Client
from sentences import DOCUMENTS


@contextmanager
def server(folder: str) -> Iterator[str]:
    """A server of an index in `folder`; its address, at which it answers a moment later."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "interlingua.app.cli", "serve", "--store", "index", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def use(client: Client, folder: str) -> None:
    print(client.add(DOCUMENTS).added, "documents added")

    (notes := Path(folder, "заметки.txt")).write_text("Бумага застряла в принтере на третьем этаже.", encoding="utf-8")
    for job in client.follow(client.upload([notes])):
        print("upload:", job.state, "" if job.report is None else f"({job.report.documents} of {job.items})")

    print("languages:", client.languages())
    for query in ("paper jam in the printer", "教育を受ける権利"):
        print(f"\n{query}")
        for hit in client.search(query, limit=3):
            print(f"  {hit.score:.2f}  {hit.chunk.document_id:20}  {hit.chunk.text}")


def main() -> None:
    with TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            with Client(*sys.argv[1:3]) as client:
                use(client, folder)
            return
        with server(folder) as url, Client(url, patience=60) as client:  # it may take so long to start
            use(client, folder)


if __name__ == "__main__":
    main()
