import pytest

from greeting import greeting


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "Hello, world!"),
        (["Ada"], "Hello, Ada!"),
        (["Grüße", "x"], "Hello, Grüße!"),
    ],
)
def test_greeting(arguments: list[str], expected: str) -> None:
    assert greeting(arguments) == expected
