"""The component: what its world exports, on top of plain Python."""

from wit_world import exports

from greeting import greeting


class Greet(exports.Greet):
    """The WIT interface `greet`."""

    def greet(self, name: str) -> str:
        return greeting(name)
