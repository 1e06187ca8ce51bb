import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

import pytest

from greeting import greetings, lines

T = TypeVar("T")


async def each(items: Iterable[T]) -> AsyncIterator[T]:
    for item in items:
        yield item


def collected(items: AsyncIterable[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], []),
        ([b"Ada\nBob\n"], ["Ada", "Bob"]),
        ([b"A", b"da\nGr\xc3", b"\xbc\xc3\x9fe"], ["Ada", "Grüße"]),
    ],
)
def test_lines(chunks: list[bytes], expected: list[str]) -> None:
    assert collected(lines(each(chunks))) == expected


def test_greetings() -> None:
    assert collected(greetings(each(["Ada", "Bob"]))) == [
        "Hello, Ada!\n",
        "Hello, Bob!\n",
    ]
