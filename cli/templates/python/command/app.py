"""The component: what its world exports, on top of plain Python."""

from wit_world import exports
from wit_world.imports import environment

from greeting import greeting


class Run(exports.Run):
    """The WIT interface `wasi:cli/run`."""

    def run(self) -> None:
        _program, *arguments = environment.get_arguments()
        print(greeting(arguments))
