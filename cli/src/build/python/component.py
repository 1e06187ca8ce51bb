"""What componentize-py takes for the person's module: that module, after a look at what the world wants of it.

This runs once, while the component is built. It imports little, because what it imports stays in the component.
"""

import importlib
import os
import sys

# Compiled modules would be written beside the sources.
sys.dont_write_bytecode = True

_VARIABLE_ARGUMENTS = 0x04
_COROUTINE = 0x80


def _protocols(module):
    """What the bindings' `module` wants to see implemented, with the names of the functions."""
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and value.__dict__.get("_is_protocol"):
            functions = [f for f, v in vars(value).items() if getattr(v, "__isabstractmethod__", False)]
            if functions:
                yield name, value, functions


def _wanted():
    """Each class with the module that must have it: resources are looked for in one of the interface's name."""
    for name, protocol, functions in _protocols(importlib.import_module("wit_world")):
        yield _module, name, protocol, functions
    try:
        exports = importlib.import_module("wit_world.exports")
    except ModuleNotFoundError:
        return
    for name, protocol, functions in _protocols(exports):
        yield _module, name, protocol, functions
    for file in sorted(os.listdir(exports.__path__[0])):
        interface, ending = os.path.splitext(file)
        if ending == ".py" and interface != "__init__":
            bindings = importlib.import_module(f"wit_world.exports.{interface}")
            for name, protocol, functions in _protocols(bindings):
                yield interface, name, protocol, functions


def _raw(owner, name):
    """An attribute as it stands in its class, or nothing."""
    for parent in owner.__mro__:
        if name in vars(parent):
            return vars(parent)[name]
    return None


def _function(raw):
    return raw.__func__ if isinstance(raw, (classmethod, staticmethod)) else raw


def _declared(function):
    code = function.__code__
    names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    if code.co_kwonlyargcount:
        names.insert(code.co_argcount, "*")
    start = "async def" if code.co_flags & _COROUTINE else "def"
    return f"`{start} {code.co_name}({', '.join(names)})`"


def _fits(raw, wanted):
    """Whether a call with the arguments that the bindings give can succeed; where that is not certain, yes."""
    function, model = _function(raw), _function(wanted)
    code = getattr(function, "__code__", None)
    if code is None:
        return True
    if code.co_flags & _COROUTINE and not model.__code__.co_flags & _COROUTINE:
        return False
    given = model.__code__.co_argcount
    on_class = isinstance(wanted, classmethod) and not isinstance(raw, classmethod)
    if isinstance(raw, staticmethod) or on_class:
        given -= 1
    if code.co_flags & _VARIABLE_ARGUMENTS:
        return True
    needed = code.co_argcount - len(function.__defaults__ or ())
    keywords = code.co_kwonlyargcount - len(function.__kwdefaults__ or {})
    return needed <= given <= code.co_argcount and keywords == 0


def _faults(module, name, protocol, functions):
    """What is wrong with one class, each with its place."""
    wanted = {function: _raw(protocol, function) for function in functions}
    declared = [_declared(_function(raw)) for raw in wanted.values()]
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        yield f"expected a module `{module}` with a class `{name}`, found none"
        return
    place = getattr(found, "__file__", None) or module
    owner = getattr(found, name, None)
    if owner is None:
        yield f"{place}: expected a class `{name}` with {', '.join(declared)}, found none"
        return
    if not isinstance(owner, type):
        return
    for (function, model), expected in zip(wanted.items(), declared):
        raw = _raw(owner, function)
        if raw is None or getattr(raw, "__isabstractmethod__", False):
            line = getattr(owner, "__firstlineno__", 1)
            yield f"{place}:{line}: expected {expected} in the class `{name}`, found none"
        elif not _fits(raw, model):
            code = _function(raw).__code__
            yield f"{code.co_filename}:{code.co_firstlineno}: expected {expected}, found {_declared(_function(raw))}"


def _check():
    faults = []
    for module, name, protocol, functions in _wanted():
        faults.extend(_faults(module, name, protocol, functions))
        if module == _module and not faults:
            globals()[name] = getattr(importlib.import_module(module), name)
    if faults:
        raise TypeError("".join(f"\nwkit-fault: {fault}" for fault in faults))


_module = "@module@"
importlib.import_module(_module)
_check()
