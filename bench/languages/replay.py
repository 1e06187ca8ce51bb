"""The commands that a program starts, so that they can be run again without it.

They are read from strace: the environment, folder and arguments of every process that the program itself started. What
those start in their turn belongs to them.
"""

import re
import subprocess

TRACED = "execve,chdir,clone,clone3,fork,vfork"
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
LINE = re.compile(r"^(\d+) +(.*)$")


class Command:
    """One process: what was run, where, and with which environment."""

    def __init__(self, program, arguments, environment, folder):
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder

    def run(self):
        """Runs it again and waits."""
        subprocess.run(
            self.arguments,
            executable=self.program,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )


def record(command, folder, environment, trace_file):
    """Runs `command` under strace and gives the commands that it started, in order."""
    strace = ["strace", "-f", "-qq", "-xx", "-v", "-s", "10000000", "-e", "signal=none", "-o", trace_file]
    subprocess.run(
        [*strace, "-e", f"trace={TRACED}", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    with open(trace_file) as trace:
        return read(trace, folder)


def read(trace, folder):
    """Reads the lines of strace."""
    children, folders, executed = [], {}, []
    root = None
    for process, call in calls(trace):
        root = root or process
        name = call.partition("(")[0]
        result = re.search(r" = (\d+)[^=]*$", call)
        if result is None:
            continue
        if name in ("clone", "clone3", "fork", "vfork") and int(result[1]) > 0:
            children.append((process, int(result[1]), "CLONE_THREAD" in call))
        elif name == "chdir":
            folders[process] = text(STRING.search(call)[1])
        elif name == "execve":
            executed.append((process, *parts(call)))
    # A thread may start something before the call that made it is seen to return, so this comes last.
    threads = {root}
    while more := {child for parent, child, thread in children if thread and parent in threads} - threads:
        threads |= more
    waiting = {child for parent, child, thread in children if not thread and parent in threads}
    found = []
    for process, path, arguments, variables in executed:
        if process in waiting:
            # What it becomes after that is its own affair.
            waiting.remove(process)
            environment = dict(variable.split("=", 1) for variable in variables if "=" in variable)
            found.append(Command(path, arguments, environment, folders.get(process, folder)))
    return found


def calls(trace):
    """Each call that has returned, with the process that made it."""
    pending = {}
    for line in trace:
        match = LINE.match(line)
        if not match:
            continue
        process, call = int(match[1]), match[2]
        if call.endswith("<unfinished ...>"):
            pending[process] = call.removesuffix("<unfinished ...>")
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            yield process, pending.pop(process, "") + resumed[1]
        else:
            yield process, call


def parts(call):
    """The path, the arguments and the environment of an `execve`."""
    path, rest = call.split("[", 1)
    arguments, variables = rest.split("], [", 1)
    strings = [[text(found) for found in STRING.findall(part)] for part in (path, arguments, variables)]
    return strings[0][0], strings[1], strings[2]


def text(escaped):
    return bytes.fromhex(escaped.replace("\\x", "")).decode()
