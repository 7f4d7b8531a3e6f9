"""slowhttptest in its header, body and read modes against the gateway's port. Started by scripts/check slow:

    slow.py SVC      SVC: the binary

The service must stay available to slowhttptest's own probe in every second, and to a client of ours, all of whose
answers must come within a second."""

import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

CONNECTIONS = 1000
SECONDS = 20
MODES = {
    "header": ["-H", "-i", "2", "-x", "24", "-t", "GET"],
    "body": ["-B", "-i", "2", "-s", "8192", "-x", "10", "-t", "POST", "-f", "application/json"],
    "read": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "5"],
}
TARGETS = {"header": "/items", "body": "/users", "read": "/openapi.json"}


class Probe(threading.Thread):
    """Asks as an honest client does, over connections of its own, until told to stop."""

    def __init__(self, port):
        super().__init__()
        self.port, self.took, self.failed = port, [], None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.wait(0.02):
                begun = time.monotonic()
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                    connection.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    answer = connection.recv(100)
                if not answer.startswith(b"HTTP/1.1 200 "):
                    raise RuntimeError(f"answered {answer!r}")
                self.took.append(time.monotonic() - begun)
        except Exception as failure:  # told by the main thread
            self.failed = failure


def attack(mode, port, directory):
    """Faults found in this mode."""
    report = os.path.join(directory, mode)
    probe = Probe(port)
    probe.start()
    # It sees from its own timeout (-p) whether the service is available.
    ran = subprocess.run(
        ["slowhttptest", *MODES[mode], "-c", str(CONNECTIONS), "-r", "500", "-l", str(SECONDS), "-p", "2", "-g",
         "-o", report, "-u", f"http://127.0.0.1:{port}{TARGETS[mode]}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS * 5)
    probe.over.set()
    probe.join()
    with open(report + ".csv", newline="") as file:
        rows = [{name.strip(): value for name, value in row.items()} for row in csv.DictReader(file)]
    most = max((int(row["Connected"]) for row in rows), default=0)
    unavailable = [row["Seconds"] for row in rows if int(row["Service Available"]) == 0]
    took = sorted(probe.took) or [0]
    print(f"{mode}: up to {most} connections in {len(rows)} seconds; {len(probe.took)} answers beside them, "
          f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, worst {took[-1] * 1000:.1f} ms")
    faults = []
    if ran.returncode != 0:
        faults.append(f"slowhttptest ended with {ran.returncode}: {ran.stdout[-500:]}")
    if most < CONNECTIONS * 0.9:
        faults.append(f"only {most} connections were made")
    if unavailable:
        faults.append(f"not available in seconds {', '.join(unavailable)}")
    if probe.failed:
        faults.append(f"the probe failed: {probe.failed!r}")
    if took[-1] > 1 or len(probe.took) < SECONDS * 5:
        faults.append(f"the probe had {len(probe.took)} answers, the slowest after {took[-1]:.3f} s")
    return [f"{mode}: {fault}" for fault in faults]


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen(
            [sys.argv[1], "--role=all", f"--data={directory}/data", "--config=/dev/null", "--port.gateway=0",
             "--port.operations=0", *sys.argv[2:]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = json.loads(server.stdout.readline())["ports"]["gateway"]
            faults = [fault for mode in MODES for fault in attack(mode, port, directory)]
        finally:
            server.terminate()
            server.wait()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
