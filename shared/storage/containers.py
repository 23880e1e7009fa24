"""A container as a small key-value store, and the queue beside it, with the storage SDK's exceptions translated once.

Containers and queues are made by the infrastructure; on a laptop, where nobody made them, they are made on first use.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.storage.service import StorageService

#: Entries of one page of a listing.
PAGE = 100


class AlreadyThereError(FileExistsError):
    """A conditional create found an entry of that name, or a conditional replace another state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored entry: its bytes and the state that they belong to."""

    content: bytes
    etag: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of names with their metadata, and the cursor of the next one."""

    names: tuple[tuple[str, dict[str, str]], ...]
    cursor: str | None


class Container:
    """One container."""

    def __init__(self, service: StorageService, name: str) -> None:
        self._service = service
        self._name = name

    async def create(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        """Write a new entry; answers its ETag.

        Raises:
            AlreadyThereError: when there is one of that name. Nothing was written.
        """
        return await self._write(name, content, metadata, overwrite=False)

    async def put(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        """Write an entry, whatever was there; answers its ETag."""
        return await self._write(name, content, metadata, overwrite=True)

    async def replace(self, name: str, content: bytes, etag: str) -> str:
        """Write over exactly that state; answers the new ETag.

        Raises:
            AlreadyThereError: when the entry has another state, or is gone.
        """
        from azure.core import MatchConditions  # noqa: PLC0415 - imported with the first storage call

        return await self._write(
            name, content, None, overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified
        )

    async def get(self, name: str) -> Entry | None:
        """An entry, or None."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - as above

        try:
            download = await self._blob(name).download_blob(max_concurrency=1)
            content, properties = bytes(await download.readall()), download.properties
            return Entry(content=content, etag=str(properties.etag), metadata=dict(properties.metadata or {}))
        except ResourceNotFoundError:
            return None

    async def annotate(self, name: str, metadata: dict[str, str]) -> None:
        """Replace an entry's metadata; nothing happens where there is no such entry."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - as above

        with suppress(ResourceNotFoundError):
            await self._blob(name).set_blob_metadata(metadata)

    async def delete(self, name: str) -> bool:
        """Delete an entry; False when it was not there."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - as above

        try:
            await self._blob(name).delete_blob()
        except ResourceNotFoundError:
            return False
        return True

    async def page(self, prefix: str = "", cursor: str | None = None, size: int = PAGE) -> Page:
        """Names below a prefix, in their order."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - as above

        listing: Any = self._client().list_blobs(
            name_starts_with=prefix or None, include=["metadata"], results_per_page=size
        )
        pages = listing.by_page(continuation_token=cursor)
        try:
            names = tuple([(item.name, dict(item.metadata or {})) async for item in await anext(pages)])
        except (StopAsyncIteration, ResourceNotFoundError):
            return Page(names=(), cursor=None)
        return Page(names=names, cursor=pages.continuation_token or None)

    async def names(self, prefix: str = "") -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Every name below a prefix."""
        cursor: str | None = None
        while True:
            page = await self.page(prefix, cursor)
            for item in page.names:
                yield item
            cursor = page.cursor
            if cursor is None:
                return

    async def _write(
        self, name: str, content: bytes, metadata: dict[str, str] | None, *, overwrite: bool, **conditions: Any
    ) -> str:
        from azure.core.exceptions import (  # noqa: PLC0415 - as above
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        async def write() -> str:
            answer = await self._blob(name).upload_blob(
                content,
                length=len(content),
                overwrite=overwrite,
                metadata=metadata,
                max_concurrency=1,
                **conditions,
            )
            return str(answer["etag"])

        try:
            return await _made_first(write, self._client().create_container)
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
            raise AlreadyThereError(name) from error

    def _client(self) -> Any:
        return self._service.blobs().get_container_client(self._name)

    def _blob(self, name: str) -> Any:
        return self._service.blobs().get_blob_client(self._name, name)


class Queue:
    """One queue, for messages of this application to itself."""

    def __init__(self, service: StorageService, name: str) -> None:
        self._service = service
        self._name = name

    async def send(self, text: str, *, delay: float) -> None:
        """Put a message that shows itself after `delay` seconds and never expires."""

        async def send() -> None:
            await self._client().send_message(text, visibility_timeout=int(delay), time_to_live=-1)

        await _made_first(send, self._client().create_queue)

    def _client(self) -> Any:
        from azure.storage.queue import TextBase64EncodePolicy  # noqa: PLC0415 - as above

        # Base64 is what the host's queue trigger expects (host.json, extensions.queues.messageEncoding).
        return self._service.queues().get_queue_client(self._name, message_encode_policy=TextBase64EncodePolicy())


async def _made_first[T](work: Callable[[], Awaitable[T]], make: Callable[[], Awaitable[object]]) -> T:
    """Do the work; make its place first where nobody has."""
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError  # noqa: PLC0415 - as above

    try:
        return await work()
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) not in {"ContainerNotFound", "QueueNotFound"}:
            raise
    with suppress(ResourceExistsError):  # another invocation made it
        await make()
    return await work()
