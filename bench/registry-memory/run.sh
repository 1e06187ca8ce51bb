#!/usr/bin/env bash
# Pushes and pulls one large blob and prints how much memory the registry used at most (VmHWM of /proc).
#
#   run.sh [PROGRAM] [SIZE_MIB] [LIMIT_MIB]
#
# PROGRAM is wkit-registry, built with `cargo build --release -p wkit-registry-server` by default. The blob has
# 512 MiB; it is pushed by one streamed PUT and, to a fresh server, by PATCHes of 16 MiB, then pulled. The last line
# is `peak N MiB, limit M MiB`; the exit code is 1 when the peak is over the limit of 64 MiB.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-${CARGO_TARGET_DIR:-$here/../../target}/release/wkit-registry}
[ -x "$program" ] || { echo "run.sh: there is no program at $program" >&2; exit 2; }
exec python3 - "$program" "${2:-512}" "${3:-64}" <<'PY'
import hashlib, http.client, os, re, subprocess, sys, tempfile, time

program, size, limit = sys.argv[1], int(sys.argv[2]) * 2**20, int(sys.argv[3])
BLOCK = 2**20
CHUNK = 16 * 2**20


def blocks(start, end):
    """The bytes of the blob: every MiB is different, and none has to be kept."""
    for place in range(start // BLOCK, end // BLOCK):
        yield hashlib.sha256(b"%d" % place).digest() * (BLOCK // 32)


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024


def request(connection, method, path, body=None, headers={}, expected=(200, 201, 202)):
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    if response.status not in expected:
        sys.exit(f"{method} {path}: {response.status} {response.read()[:200]}")
    return response


def begin(connection):
    response = request(connection, "POST", "/v2/memory/blobs/uploads/")
    response.read()
    return response.getheader("location")


def put(connection, digest):
    location = begin(connection)
    request(connection, "PUT", f"{location}?digest={digest}", blocks(0, size), {"Content-Length": str(size)}).read()


def patch(connection, digest):
    location = begin(connection)
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        headers = {"Content-Length": str(end - start), "Content-Range": f"{start}-{end - 1}"}
        response = request(connection, "PATCH", location, blocks(start, end), headers)
        response.read()
        location = response.getheader("location")
    request(connection, "PUT", f"{location}?digest={digest}", headers={"Content-Length": "0"}).read()


def pull(connection, digest):
    response, found = request(connection, "GET", f"/v2/memory/blobs/{digest}"), hashlib.sha256()
    while block := response.read(BLOCK):
        found.update(block)
    if f"sha256:{found.hexdigest()}" != digest:
        sys.exit("the blob came back changed")


whole = hashlib.sha256()
for block in blocks(0, size):
    whole.update(block)
digest = f"sha256:{whole.hexdigest()}"
highest = 0
for name, push in (("one streamed PUT", put), ("PATCHes of 16 MiB", patch)):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "serve", "--data", os.path.join(folder, "data"), "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = server.stdout.readline()
            host = re.search(r"http://(\S+)", line)
            if not host:
                sys.exit(f"the server said: {line}")
            connection = http.client.HTTPConnection(host[1])
            request(connection, "GET", "/v2/").read()
            idle = peak_mib(server.pid)
            begun = time.monotonic()
            push(connection, digest)
            pushed = time.monotonic()
            after_push = peak_mib(server.pid)
            pull(connection, digest)
            pulled = time.monotonic()
            after_pull = peak_mib(server.pid)
        finally:
            server.terminate()
            server.wait()
        mib = size / 2**20
        print(f"{name}: idle {idle:.1f} MiB, after the push {after_push:.1f} MiB, after the pull {after_pull:.1f} MiB; "
              f"push {mib / (pushed - begun):.0f} MiB/s, pull {mib / (pulled - pushed):.0f} MiB/s (this client's rates)")
        highest = max(highest, after_pull)
print(f"peak {highest:.1f} MiB, limit {limit} MiB")
sys.exit(0 if highest < limit else 1)
PY
