"""Starts registries in turn, loads each with the load program, and prints one table of medians. See run.sh."""

import json, os, re, signal, socket, statistics, subprocess, sys, tempfile, time

load, rounds, many_tags = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
servers = dict(argument.split("=", 1) for argument in sys.argv[4:])
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def command(name, program, folder, port):
    """How a registry is started on an empty folder, with its defaults."""
    data = os.path.join(folder, "data")
    if name == "ours":
        return [program, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"]
    config = os.path.join(folder, "config")
    with open(config, "w") as file:
        if name == "distribution":
            file.write(f"version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: error}}\n"
                       f"storage: {{filesystem: {{rootdirectory: '{data}'}}, delete: {{enabled: true}}}}\n"
                       f"http: {{addr: '127.0.0.1:{port}'}}\n")
            return [program, "serve", config]
        json.dump({"storage": {"rootDirectory": data}, "http": {"address": "127.0.0.1", "port": str(port)},
                   "log": {"level": "error"}}, file)
    return [program, "serve", config]


class Server:
    def __init__(self, name, program, folder):
        self.host = f"127.0.0.1:{free_port()}"
        self.args = command(name, program, folder, self.host.split(":")[1])
        self.start()

    def start(self):
        begun = time.monotonic()
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none", "RUST_LOG": "error"}
        self.process = subprocess.Popen(self.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", int(self.host.split(":")[1]))) as connection:
                    connection.sendall(f"GET /v2/ HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                    if connection.recv(12) == b"HTTP/1.1 200":
                        break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - begun > 60:
                sys.exit(f"{self.args} does not answer")
            time.sleep(0.001)
        self.ready_ms = (time.monotonic() - begun) * 1000

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def memory(self, key):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(key + r":\s+(\d+) kB", status.read())[1]) / 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def run(self, *arguments):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as refs:
            refs.write("5")
        before = self.cpu()
        made = subprocess.run([load, "--host", self.host, *map(str, arguments)], capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(f"{' '.join(self.args)}\n{' '.join(map(str, arguments))}\n{made.stderr}")
        found = json.loads(made.stdout)
        found["cpu_us"] = (self.cpu() - before) * 1e6 / found["operations"]
        found["peak_mib"] = self.memory("VmHWM")
        return found


def measure(server):
    """All phases on one registry: (what, unit, value)."""
    yield "ready, empty", "ms", server.ready_ms
    yield "idle memory", "MiB", server.memory("VmRSS")

    def phase(what, *arguments):
        found = server.run(*arguments)
        yield what, "/s", found["per_second"]
        yield f"{what}: 99th of 100", "ms", found["p99_ms"]
        yield f"{what}: processor", "µs each", found["cpu_us"]

    yield from phase("push, 1 client", "--workers", 1, "push", "--count", 200, "--name", "one")
    yield from phase("push, 16 clients", "push", "--count", 1000, "--first", 1000, "--name", "shared")
    yield from phase("push, 16 clients in 16 repositories", "push", "--count", 1000, "--first", 2000, "--repositories", 16)
    yield from phase("manifest by tag, 1 client", "--workers", 1, "manifests", "--count", 1000, "--first", 1000, "--name", "shared")
    yield from phase("manifest by tag, 16 clients", "manifests", "--count", 1000, "--first", 1000, "--name", "shared")
    yield from phase("blob of 50 KiB, 16 clients", "blobs", "--count", 1000, "--first", 1000, "--name", "shared")
    for what, chunk in (("one PUT", 0), ("PATCHes of 16 MiB", 16)):
        found = server.run("--workers", 1, "large", "--chunk-mib", chunk, "--seed", chunk)
        yield f"256 MiB by {what}", "MiB/s", found["mib_per_second"]
        yield f"256 MiB by {what}: peak memory", "MiB", found["peak_mib"]
    if many_tags:
        server.run("push", "--count", many_tags, "--first", 10**6, "--name", "many", "--layer", 64)
        yield from phase(f"manifest by tag of {many_tags}", "manifests", "--count", many_tags, "--first", 10**6, "--name", "many")
        yield f"list of {many_tags} tags", "ms", server.run("tags", "--name", "many")["p50_ms"]
        server.stop()
        server.start()
        yield f"ready with {many_tags} tags", "ms", server.ready_ms


values = {}
for number in range(rounds):
    for name, program in servers.items():
        print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            server = Server(name, program, folder)
            try:
                for what, unit, value in measure(server):
                    values.setdefault((what, unit), {}).setdefault(name, []).append(value)
            finally:
                server.stop()

print(f"\n| | {' | '.join(servers)} |{''.join(f' {name} : ours |' for name in list(servers)[1:])}")
print(f"|---|{'---|' * (2 * len(servers) - 1)}")
for (what, unit), found in values.items():
    median = {name: statistics.median(list) for name, list in found.items()}
    show = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    row = [f"{show(median[name])} {unit}" for name in servers]
    row += [f"{median[name] / median['ours']:.2f}" if median["ours"] else "–" for name in list(servers)[1:]]
    print(f"| {what} | {' | '.join(row)} |")
