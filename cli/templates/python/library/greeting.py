"""How people are greeted. Nothing here knows of Wasm, so that plain Python can test it."""


def greeting(name: str) -> str:
    return f"Hello, {name}!"
