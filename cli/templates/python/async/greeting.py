"""Greets people as they come. Nothing here knows of Wasm, so that plain Python can test it."""

from collections.abc import AsyncIterable, AsyncIterator


async def lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """The lines of a text that comes in pieces, each as soon as it is complete."""
    rest = b""
    async for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.decode()
    if rest:
        yield rest.decode()


async def greetings(names: AsyncIterable[str]) -> AsyncIterator[str]:
    """A greeting for each name."""
    async for name in names:
        yield f"Hello, {name}!\n"
