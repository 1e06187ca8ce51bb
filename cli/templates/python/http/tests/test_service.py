import pytest

from service import Answer, answer


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/", Answer(200, "Hello, world!\n")),
        ("GET", "/?name=Ada", Answer(200, "Hello, Ada!\n")),
        ("GET", "/?name=Gr%C3%BC%C3%9Fe", Answer(200, "Hello, Grüße!\n")),
        ("GET", "/elsewhere", Answer(404, "not found\n")),
        ("POST", "/", Answer(405, "method not allowed\n")),
    ],
)
def test_answer(method: str, target: str, expected: Answer) -> None:
    assert answer(method, target) == expected
