"""What the command says. Nothing here knows of Wasm, so that plain Python can test it."""


def greeting(arguments: list[str]) -> str:
    """Greets whoever the first argument names."""
    name = arguments[0] if arguments else "world"
    return f"Hello, {name}!"
