"""Composes graphs with wkit and with wac in turn; see run.sh."""

import glob
import os
import statistics
import sys
import time

WKIT, WAC, WORK, ROUNDS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
ENVIRONMENT = {**os.environ, "WKIT_CACHE": os.path.join(WORK, "cache")}


def spawn(command):
    """Runs a command: seconds on the clock, seconds of processors, peak memory in MiB."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, file) for file in (0, 1)]
    begun = time.monotonic()
    pid = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - begun
    os.close(null)
    if status != 0:
        sys.exit(f"{' '.join(command[:3])} …: exit status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(folder):
    """The commands that compose one graph: wac, wkit, and wkit when nothing has changed, twice."""
    plugs = sorted(glob.glob(os.path.join(folder, "plug*.wasm")))
    socket = os.path.join(folder, "socket.wasm")
    arguments = [argument for plug in plugs for argument in ("--plug", plug)] + [socket, "-o"]
    by_wac, by_wkit = os.path.join(WORK, "wac.wasm"), os.path.join(WORK, "wkit.wasm")
    compose = [WKIT, "--quiet", "compose", *arguments, by_wkit]
    return {
        "wac": [WAC, "plug", *arguments, by_wac],
        "wkit": [*compose, "--force"],
        "wkit, nothing changed, at once": compose,
        "wkit, nothing changed": compose,
    }


def main():
    print(f"{ROUNDS} rounds, medians\n")
    print("| graph | program | time | processor | peak memory | time to wac | memory to wac |")
    print("|---|---|---|---|---|---|---|")
    for folder in sorted(glob.glob(os.path.join(WORK, "graphs", "*"))):
        runs = commands(folder)
        # The first turn brings files into memory.
        taken = {name: [] for name in runs}
        for turn in range(ROUNDS + 1):
            for name, command in runs.items():
                if name == "wkit, nothing changed":
                    # A file that was written a moment ago might be written again at the same time of its clock, so it
                    # is read; the next composition that finds it older learns that.
                    time.sleep(0.2)
                    spawn(command)
                figures = spawn(command)
                if turn > 0:
                    taken[name].append(figures)
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in taken.items()}
        for name, (wall, cpu, memory) in medians.items():
            ratios = f"{wall / medians['wac'][0]:.2f} | {memory / medians['wac'][2]:.2f}"
            print(
                f"| {os.path.basename(folder)} | {name} | {wall * 1000:.1f} ms | {cpu * 1000:.1f} ms "
                f"| {memory:.1f} MiB | {ratios} |"
            )


main()
