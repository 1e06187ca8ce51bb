"""Measures one kernel in every language; see run.sh."""

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import replay  # noqa: E402

WKIT, KERNELS, TABLE = sys.argv[1:4]

# The name of each language, and the file that is edited between builds.
LANGUAGES = {
    "rust": ("Rust", "src/mandelbrot.rs"),
    "c": ("C", "src/mandelbrot.h"),
    "cpp": ("C++", "src/mandelbrot.h"),
    "go": ("Go", "export_bench_kernel_compute/compute.go"),
    "javascript": ("JavaScript", "kernel.js"),
    "typescript": ("TypeScript", "src/kernel.ts"),
    "python": ("Python", "app.py"),
    "zig": ("Zig", "src/root.zig"),
    "assemblyscript": ("AssemblyScript", "assembly/index.ts"),
    "module": ("a core module", "kernel.wat"),
}
STEPS_MAX = 200
ROUNDS = 5
# What wkit may add to a warm build: this much, or this part of what its tools take.
SHARE_MAX_MS, SHARE_MAX = 100, 0.05
# The large grid for compiled languages, the small one for interpreters, with the steps that both must count.
LARGE, SMALL = (2000, 223579500), (200, 2238729)
INTERPRETED_CPU_S = 0.5


def timed(run):
    """The wall-clock time and the processor time of `run` with everything that it starts, in seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run()
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def best(times):
    """The least of each: other programs can only make a time longer."""
    return min(wall for wall, _ in times), min(cpu for _, cpu in times)


class Bench:
    """A copy of the kernels, with a cache of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.project = os.path.join(folder, "kernels")
        self.cache = os.path.join(folder, "cache")
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.environment = {"WKIT_TOOLS": os.path.join(home, "wkit", "tools"), **os.environ, "WKIT_CACHE": self.cache}
        ignore = shutil.ignore_patterns(".wkit", "build", "target", "bindings", "node_modules")
        shutil.copytree(KERNELS, self.project, ignore=ignore)
        # The compiler of the repository builds the kernels too.
        shutil.copy(os.path.join(KERNELS, "../../../rust-toolchain.toml"), self.project)
        self.edits = 0
        self.steps_max = dict.fromkeys(LANGUAGES, STEPS_MAX)

    def wkit(self, *arguments):
        ran = subprocess.run(
            [WKIT, *arguments], cwd=self.project, env=self.environment, capture_output=True, text=True
        )
        if ran.returncode != 0:
            sys.exit(f"wkit {' '.join(arguments)}: exit code {ran.returncode}\n{ran.stderr}")
        return ran.stdout

    def edit(self, language, steps_max=None):
        """Changes a number in the source, so that the code that comes of it is new to every cache."""
        self.edits += 1
        steps_max = steps_max or STEPS_MAX + self.edits
        file = os.path.join(self.project, language, LANGUAGES[language][1])
        with open(file) as source:
            text, count = re.subn(rf"\b{self.steps_max[language]}\b", str(steps_max), source.read())
        if count != 1:
            sys.exit(f"expected the number {self.steps_max[language]} once in {file}, found it {count} times")
        with open(file, "w") as source:
            source.write(text)
        self.steps_max[language] = steps_max

    def builds(self, language):
        """The cold build, the warm one, and what wkit starts for the warm one without wkit."""
        build = ("build", language, "--release")
        cold = timed(lambda: self.wkit(*build))
        self.edit(language)
        self.wkit(*build)
        self.edit(language)
        trace = os.path.join(self.folder, "trace")
        commands = replay.record([WKIT, *build], self.project, self.environment, trace)
        warm, bare = [], []
        for _ in range(ROUNDS):
            self.edit(language)
            warm.append(timed(lambda: self.wkit(*build)))
            self.edit(language)
            bare.append(timed(lambda: [command.run() for command in commands]))
        self.edit(language, STEPS_MAX)
        self.wkit(*build)
        unchanged = [timed(lambda: self.wkit(*build)) for _ in range(ROUNDS)]
        return cold, best(warm), best(bare) if commands else (0.0, 0.0), best(unchanged)

    def runs(self, file):
        """The first run, which compiles, and a later one, which finds the compiled code."""
        invoke = ("run", file, "--invoke", "kernel(0)")
        first = []
        for _ in range(2):
            shutil.rmtree(os.path.join(self.cache, "compiled"), ignore_errors=True)
            first.append(timed(lambda: self.wkit(*invoke)))
        return best(first), best([timed(lambda: self.wkit(*invoke)) for _ in range(2 * ROUNDS)])

    def step(self, run, size, steps, rounds, nothing):
        """The processor time of one step of the kernel, in seconds."""
        times = []
        for _ in range(rounds):
            found = []
            times.append(timed(lambda: found.append(run(size))))
            if found[0].strip() != str(steps):
                sys.exit(f"expected {steps} steps, found {found[0]}")
        return max(best(times)[1] - nothing, 0.0) / steps

    def kernel(self, file, started):
        """The same for a component."""

        def run(size):
            return self.wkit("run", file, "--invoke", f"kernel({size})")

        small = timed(lambda: run(SMALL[0]))[1] - started[1]
        if small > INTERPRETED_CPU_S / 10:
            return self.step(run, *SMALL, 3, started[1])
        return self.step(run, *LARGE, ROUNDS, started[1])

    def native(self, compiler, source):
        """The same for a program without Wasm."""
        program = os.path.join(self.folder, "native")
        command = [*compiler, "-o", program, os.path.join("native", source)]
        subprocess.run(command, cwd=self.project, check=True)

        def run(size):
            return subprocess.run([program, str(size)], capture_output=True, text=True, check=True).stdout

        nothing = best([timed(lambda: run(0)) for _ in range(ROUNDS)])[1]
        return self.step(run, *LARGE, ROUNDS, nothing)


def measure(bench, language, native):
    """One row: everything about a language."""
    print(f"{language} …", file=sys.stderr)
    cold, warm, bare, unchanged = bench.builds(language)
    file = os.path.join(bench.project, "build", f"{language}.wasm")
    first, cached = bench.runs(file)
    row = {
        "size_bytes": os.path.getsize(file),
        "cold_s": cold[0],
        "warm_s": warm[0],
        "tool_s": bare[0],
        "over_ms": (warm[0] - bare[0]) * 1000,
        "over_cpu_ms": (warm[1] - bare[1]) * 1000,
        "unchanged_ms": unchanged[0] * 1000,
        "first_ms": first[0] * 1000,
        "cached_ms": cached[0] * 1000,
        "kernel": bench.kernel(file, cached) / native,
    }
    print(json.dumps({language: row}), file=sys.stderr)
    return row


def size(count):
    return f"{count / 2**20:.2f} MiB" if count >= 2**20 else f"{count / 1024:.1f} KiB"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def shown(language, row):
    """The row as Markdown."""
    cells = [
        LANGUAGES[language][0],
        size(row["size_bytes"]),
        f"{row['cold_s']:.2f} s",
        f"{row['warm_s']:.2f} s",
        f"{row['tool_s']:.2f} s" if row["tool_s"] else "none",
        f"{row['over_ms']:.0f} ms ({row['over_cpu_ms']:.0f} ms)",
        f"{row['unchanged_ms']:.0f} ms",
        f"{row['first_ms']:.0f} ms",
        f"{row['cached_ms']:.0f} ms",
        ratio(row["kernel"]),
    ]
    return "| " + " | ".join(cells) + " |"


HEADER = """\
# Every language in numbers

One kernel, the Mandelbrot iteration over doubles, in every language (`bench/languages/kernels`), made by
`wkit build --release`. Absolute times belong to the machine; read them beside each other.

| | size | cold build | warm build | its tools alone | wkit's share (of the processor) | unchanged | first start | later start | kernel |
|---|---|---|---|---|---|---|---|---|---|
"""

FOOTER = """
- **cold build**: the first one in a fresh copy; the compilers' own caches outside of the project are warm.
- **warm build**: after a number in the source was changed. **Its tools alone**: the same commands that wkit started for that
  build, started again without wkit, in turn with the builds. **wkit's share** is the difference: bindings, checks and
  making a component of what the compiler gave; behind it the same in processor time.
- **unchanged**: `wkit build` when there is nothing to do.
- **first start**: `wkit run --invoke 'kernel(0)'` with an empty cache, which compiles the component to machine code.
  **Later start**: the same again.
- **kernel**: processor time for each step, without the start, as a multiple of `cc -O2` of the same source.

Each time is the least of several. Made by:

```sh
cargo build --release --locked -p wkit
bench/languages/run.sh
```
"""


def machine(rust):
    with open("/proc/cpuinfo") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    return (
        f"\nMachine: {os.cpu_count()} cores, {model[1].strip() if model else platform.machine()}, "
        f"{platform.system()}. `rustc -O` of the Rust source takes {ratio(rust)} times what `cc -O2` takes.\n"
    )


def earlier_rows():
    """The rows that the table has already, by language."""
    try:
        with open(TABLE) as table:
            lines = table.read().splitlines()
    except FileNotFoundError:
        return {}
    names = {title: language for language, (title, _) in LANGUAGES.items()}
    return {names[line.split(" | ")[0][2:]]: line for line in lines if line.split(" | ")[0][2:] in names}


def main():
    asked = sys.argv[4:] or list(LANGUAGES)
    for language in asked:
        if language not in LANGUAGES:
            sys.exit(f"expected one of {', '.join(LANGUAGES)}, found {language}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        native = bench.native(["cc", "-O2"], "main.c")
        rust = bench.native(["rustc", "-O"], "rust/main.rs") / native
        rows = earlier_rows()
        slow = []
        for language in asked:
            row = measure(bench, language, native)
            if row["over_ms"] > max(SHARE_MAX_MS, SHARE_MAX * row["tool_s"] * 1000):
                slow.append(language)
            rows[language] = shown(language, row)
            # After each, so that a language that cannot be built leaves what the others gave.
            text = HEADER + "".join(rows[known] + "\n" for known in LANGUAGES if known in rows)
            with open(TABLE, "w") as table:
                table.write(text + FOOTER + machine(rust))
        if slow:
            print(f"wkit's share is over the limit: {', '.join(slow)}", file=sys.stderr)


main()
