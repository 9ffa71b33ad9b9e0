"""A folder on an SFTP server (paramiko's) on this machine."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.remote import RemoteConnector
from interlingua.retrieval.protocols import Connector

paramiko = pytest.importorskip("paramiko", reason="pip install paramiko")
pytest.importorskip("fsspec", reason="pip install 'interlingua[remote]'")

PASSWORD = "correct-horse-battery-staple"


class Server:
    """A server of the files below `root`, for one user with a password; `refused` are folders that it does not list."""

    def __init__(self, root: Path) -> None:
        self.refused: set[str] = set()
        self.transports: list[Any] = []
        self._files = _files(root, self.refused)
        self._key = paramiko.RSAKey.generate(2048)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            transport = paramiko.Transport(client)
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, self._files)
            transport.start_server(server=_Login(), event=threading.Event())
            self.transports.append(transport)

    def close(self) -> None:
        self._socket.close()
        for transport in self.transports:
            transport.close()


class _Login(paramiko.ServerInterface):  # type: ignore[misc,name-defined]  # paramiko may be missing
    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == ("reader", PASSWORD)
        return int(paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)


def _files(root: Path, refused: set[str]) -> Any:
    """paramiko's interface to the files below a folder."""

    def attributes(path: Path) -> Any:
        return paramiko.SFTPAttributes.from_stat(path.lstat(), path.name)

    def answer(make: Any) -> Any:
        try:
            return make()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    class Files(paramiko.SFTPServerInterface):  # type: ignore[misc,name-defined]
        def list_folder(self, path: str) -> Any:
            if path in refused:
                return paramiko.SFTP_PERMISSION_DENIED
            return answer(lambda: [attributes(item) for item in sorted((root / path.lstrip("/")).iterdir())])

        def stat(self, path: str) -> Any:
            return answer(lambda: attributes(root / path.lstrip("/")))

        lstat = stat

        def open(self, path: str, flags: int, attr: Any) -> Any:
            def opened() -> Any:
                handle = paramiko.SFTPHandle(flags)
                handle.readfile = (root / path.lstrip("/")).open("rb")
                handle.stat = lambda: attributes(root / path.lstrip("/"))
                return handle

            return answer(opened)

    return Files


class Sftp:
    """See `Counterpart`."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root = root
        self.server = server
        self.port = server.port
        self._ticks = 0

    def connector(self, **options: Any) -> Connector:
        login = {"username": "reader", "password": PASSWORD, "allow_agent": False, "look_for_keys": False}
        given = {**login, "port": self.port, **options.pop("options", {})}
        return RemoteConnector("sftp://127.0.0.1/docs", name="shelf", options=given, **options)

    def put(self, name: str, text: str) -> None:
        self.write(name, text.encode())

    def write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._ticks += 1  # SFTP tells times in whole seconds: two writes within one would look like one
        at = time.time() + self._ticks
        os.utime(path, (at, at))

    def delete(self, name: str) -> None:
        self._path(name).unlink()

    def rename(self, old: str, new: str) -> None:
        self._path(new).parent.mkdir(parents=True, exist_ok=True)
        self._path(old).rename(self._path(new))

    def spoil(self, name: str) -> None:
        self.write(name, b"PK\x03\x04 an archive that ends here\x00\xff")

    def document_id(self, name: str) -> str:
        return f"shelf/{name}.txt"

    @contextmanager
    def down(self) -> Iterator[None]:
        self.port = 1  # nothing listens on port 1
        yield
        self.port = self.server.port

    @contextmanager
    def half(self) -> Iterator[None]:
        self.server.refused.add("/docs/deep")
        yield
        self.server.refused.clear()

    def _path(self, name: str) -> Path:
        return self.root / "docs" / f"{name}.txt"


@contextmanager
def opened(folder: Path) -> Iterator[Sftp]:
    (folder / "docs").mkdir()
    server = Server(folder)
    try:
        yield Sftp(folder, server)
    finally:
        server.close()
