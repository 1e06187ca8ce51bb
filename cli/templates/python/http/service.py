"""What the service answers. Nothing here knows of Wasm, so that plain Python can test it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    status: int
    body: str


def answer(method: str, target: str) -> Answer:
    """Answers a request for `target`, a path with its query."""
    url = urlsplit(target)
    if url.path != "/":
        return Answer(404, "not found\n")
    if method not in ("GET", "HEAD"):
        return Answer(405, "method not allowed\n")
    (name,) = parse_qs(url.query).get("name", ["world"])[:1]
    return Answer(200, f"Hello, {name}!\n")
