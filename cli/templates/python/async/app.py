"""The component: it reads names from one stream and writes greetings to another."""

from collections.abc import AsyncIterator

import wit_world
from componentize_py_async_support.streams import ByteStreamReader
from wit_world import exports
from wit_world.imports import stdin, stdout

from greeting import greetings, lines

CHUNK_MAX = 16 * 1024


class Run(exports.Run):
    """The WIT interface `wasi:cli/run`."""

    async def run(self) -> None:
        names, ended = stdin.read_via_stream()
        writer, reader = wit_world.byte_stream()
        written = stdout.write_via_stream(reader)
        # Leaving `with` closes an end of a stream, which the other end takes for the end.
        with names, ended, written:
            with writer:
                async for greeting in greetings(lines(chunks(names))):
                    await writer.write_all(greeting.encode())
            await written.read()


async def chunks(reader: ByteStreamReader) -> AsyncIterator[bytes]:
    """What a stream brings, until its other end is closed."""
    while not reader.writer_dropped:
        yield await reader.read(CHUNK_MAX)
