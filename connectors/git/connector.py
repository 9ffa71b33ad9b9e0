"""A git repository as a source of documents."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from ...retrieval.errors import ConfigurationError, CursorLostError, SourceError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.entries import Entry, entry_documents, extension
from ..files.limits import Limits
from ..files.mapping import ColumnMap
from ..files.paths import utf8
from ..files.pool import WorkerPool
from ..files.registry import for_extension
from ..files.walk import patterns, skipped_by_name
from .address import ref, repository
from .blobs import opened, written
from .client import Git
from .trees import Blob, Change, differences, files

Item = Document | Pending | Skip | Gone
_CHECKPOINT_FILES = 1000


class GitConnector:
    """The files of a branch of a git repository, at its latest commit.

    A file is one document, given as Pending with the id of its content as revision; a row of a table is one document.
    Ids are `git:HOST/REPOSITORY/PATH`, the same by https and by ssh. `changes` gives what differs between the commit
    of the last time and the latest one, whether or not the one led to the other; a renamed file is a new document.
    Only the trees and files of these two commits are fetched, into a bare repository. Nothing is checked out, and no
    hook, filter or setting of the repository takes effect.

    Args:
        url: `https://HOST/REPOSITORY.git`, `ssh://git@HOST/REPOSITORY.git`, `git@HOST:REPOSITORY.git`, or a path.
        branch: A branch or a tag; None for the one that the server has as its default.
        subfolder: Only what is below this folder of the repository.
        include: Patterns in `.gitignore` syntax, below the subfolder; when given, only files that match one are read.
        exclude: Patterns in `.gitignore` syntax of files that are not read.
        name: Stands for the repository in ids; needed where two branches of it are two sources.
        token: Password or token for https.
        username: The user that goes with the token; most servers take any.
        ssh_key: Path of the private key for ssh. The server's own key must be known to ssh.
        cache: A folder where the fetched commit is kept for the next time; None for a temporary one.
        columns: Which column of a table is the `text`, `id`, `title`, `language` or `url`; the rest is guessed.
        limits: How much one document may cost; a file that is larger is not looked at.
        hidden: Also read names that begin with a dot.
        translations: Files whose names say their language (`guide.de.md`, `de/guide.md`) get a `translation_group`.
        timeout: Seconds that fetching may take.
        max_bytes: Size of what is fetched at once, on disk.
    """

    def __init__(
        self,
        url: str,
        *,
        branch: str | None = None,
        subfolder: str = "",
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        name: str | None = None,
        token: str | None = None,
        username: str = "git",
        ssh_key: str | None = None,
        cache: str | None = None,
        columns: Mapping[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        hidden: bool = False,
        translations: bool = True,
        timeout: float = 600.0,
        max_bytes: int = 10_000_000_000,
    ) -> None:
        self._repository = repository(url)
        self._ref = ref(branch)
        self._subfolder = subfolder.strip("/")
        if ".." in self._subfolder.split("/") or ":" in self._subfolder:
            raise ConfigurationError(f"subfolder={subfolder!r} is no folder of the repository.")
        included, excluded = [*include], [*exclude]
        rules = [included, excluded, hidden, self._subfolder, dict(columns or {}), translations]
        self._rules = hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16]
        self._include = patterns(included, option="include")
        self._exclude = patterns(excluded, option="exclude")
        self._hidden = hidden
        self._translations = translations
        self._name = name if name is not None else self._repository.name
        self._cache = cache
        self._columns = ColumnMap(columns)
        self._limits = limits
        self._git = partial(
            Git,
            repository=self._repository,
            token=token,
            username=username,
            ssh_key=ssh_key,
            seconds=timeout,
            most_bytes=max_bytes,
        )

    @property
    def source(self) -> str:
        """`git:`, the repository or the name, and the subfolder."""
        return f"git:{self._name}/{self._subfolder}".rstrip("/")

    @property
    def complete(self) -> bool:
        """True, what is not listed is not there; False with `include`, which looks at a part of it only."""
        return self._include is None

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All files of the latest commit, by the bytes of their paths. Raises SourceError when it cannot be fetched."""
        git = self._opened()
        commit = git.fetch(self._ref)
        pool = WorkerPool(self._limits)
        for blob in self._files(git, commit):
            yield from self._documents(git, blob, pool)

    def changes(self, since: str | None) -> Iterator[Item | Checkpoint]:
        """What differs from the commit `since`. Raises SourceError, and CursorLostError where that commit is gone."""
        git = self._opened()
        pool = WorkerPool(self._limits)
        latest = git.fetch(self._ref)
        cursor = self._decoded(since) if since is not None else {"commit": latest, "after": ""}
        commit = cursor["commit"]
        if commit != latest and not git.has(f"{commit}^{{tree}}"):
            self._recover(git, commit)
        if "after" in cursor:
            yield from self._listed(git, commit, cursor["after"], pool)
        if commit != latest:
            if "after" in cursor:
                yield Checkpoint(cursor=self._cursor(commit))
            yield from self._differing(git, commit, latest, pool)
        yield Checkpoint(cursor=self._cursor(latest))

    def _differing(self, git: Git, commit: str, latest: str, pool: WorkerPool) -> Iterator[Item]:
        before, after = self._tree(commit), self._tree(latest)
        if self._subfolder and not git.has(before):
            raise CursorLostError(f"{self.source} was not there at {commit[:12]}: all of it is listed")
        for change in differences(git, before, after):
            if self._wanted(utf8(change.path)):
                yield from self._changed(git, change, pool)

    def _listed(self, git: Git, commit: str, after: str, pool: WorkerPool) -> Iterator[Item | Checkpoint]:
        """Everything at one commit; a listing that broke off goes on at that commit, and then from it."""
        for number, blob in enumerate(self._files(git, commit), start=1):
            path = utf8(blob.path)
            if after and path != after:
                continue
            if after:
                after = ""
                continue
            yield from self._documents(git, blob, pool)
            if number % _CHECKPOINT_FILES == 0:
                yield Checkpoint(cursor=self._cursor(commit, after=path))
        if after:  # else all behind it would count as gone
            raise CursorLostError(f"{self.source} no longer lists {after}, where it broke off: all of it is listed")

    def _changed(self, git: Git, change: Change, pool: WorkerPool) -> Iterator[Item]:
        document_id = self._id(change.path)
        known = for_extension(extension(utf8(change.path)))
        if known is None or not known.table:
            if change.after is None:
                yield Gone(id=document_id)
            else:
                yield from self._documents(git, change.after, pool)
        elif change.after is None or change.before is None:
            if change.after is None:
                yield Gone(id=f"{document_id}#", prefix=True)
            else:
                yield from self._documents(git, change.after, pool)
        else:
            yield from self._rows_changed(git, change.before, change.after, pool)

    def _rows_changed(self, git: Git, before: Blob, after: Blob, pool: WorkerPool) -> Iterator[Item]:
        """The rows of a table, and those that are gone; none of these when it cannot be read to its end."""
        gone = {item.id for item in self._documents(git, before, pool) if isinstance(item, Document)}
        for item in self._documents(git, after, pool):
            gone.discard(item.id)
            if isinstance(item, Skip) and item.prefix:
                gone.clear()
            yield item
        yield from (Gone(id=name) for name in sorted(gone))

    def _documents(self, git: Git, blob: Blob, pool: WorkerPool) -> Iterator[Document | Pending | Skip]:
        entry = Entry(
            document_id=self._id(blob.path),
            relative=utf8(blob.path),
            size=blob.size,
            revision=blob.id,
            local=partial(written, git, blob),
            stream=partial(opened, git, blob),
        )
        yield from entry_documents(
            entry, columns=self._columns, pool=pool, limits=self._limits, translations=self._translations
        )

    def _files(self, git: Git, commit: str) -> Iterator[Blob]:
        return (blob for blob in files(git, self._tree(commit)) if self._wanted(utf8(blob.path)))

    def _tree(self, commit: str) -> str:
        return f"{commit}:{self._subfolder}"

    def _wanted(self, path: str) -> bool:
        if any(skipped_by_name(part, hidden=self._hidden) for part in path.split("/")):
            return False
        if self._exclude is not None and self._exclude.check_file(path).include:
            return False
        return self._include is None or bool(self._include.check_file(path).include)

    def _id(self, path: str) -> str:
        return f"{self.source}/{utf8(path)}"

    def _opened(self) -> Git:
        """The repository in the cache, or in a folder that goes with the last one that holds it."""
        if self._cache is not None:
            place = hashlib.sha256(self._repository.url.encode()).hexdigest()[:16]
            return self._git(Path(self._cache) / f"{place}.git")
        folder = tempfile.mkdtemp(prefix="interlingua-git-")
        git = self._git(Path(folder) / "repository.git")
        weakref.finalize(git, shutil.rmtree, folder, ignore_errors=True)
        return git

    def _recover(self, git: Git, commit: str) -> None:
        """Fetch an older commit: a server has it for some time even when no branch leads to it any more."""
        try:
            git.fetch(commit)
        except SourceError as error:
            if "not our ref" in str(error) or "unadvertised object" in str(error):
                reason = f"the commit {commit[:12]} is no longer in the repository: all of it is listed"
                raise CursorLostError(f"{self.source}: {reason}") from None
            raise

    def _cursor(self, commit: str, **more: str) -> str:
        return json.dumps({"commit": commit, "rules": self._rules, **more}, ensure_ascii=False)

    def _decoded(self, since: str) -> dict[str, str]:
        try:
            cursor = json.loads(since)
        except ValueError:
            cursor = None
        if not isinstance(cursor, dict) or not {"commit", "rules"} <= set(cursor):
            raise CursorLostError("the cursor is not one of a git source: everything has to be listed again")
        if cursor["rules"] != self._rules or not str(cursor["commit"]).isalnum():
            raise CursorLostError(f"{self.source} is read with other patterns than before: all of it is listed")
        return cursor
