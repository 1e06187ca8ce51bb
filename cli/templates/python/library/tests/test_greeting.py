import pytest

from greeting import greeting


@pytest.mark.parametrize(
    ("name", "expected"),
    [("world", "Hello, world!"), ("Grüße", "Hello, Grüße!")],
)
def test_greeting(name: str, expected: str) -> None:
    assert greeting(name) == expected
