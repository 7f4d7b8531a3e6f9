"""Measures svc on this machine, everything in one run and in turn. Started by scripts/bench."""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SVC = ROOT / "build/release/svc"
CALLS = ROOT / "build/release/bench_calls"
TICKS = os.sysconf("SC_CLK_TCK")
MODULES = ["user", "inventory", "payment", "order", "gateway"]


def request(port, method, path, body=None, token=None):
    """One request; answers status and decoded body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


class Process:
    """A server started for a measurement, with its CPU time and memory."""

    def __init__(self, command, log, ready=None):
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        if ready and ready not in (line := self.popen.stdout.readline()):
            raise SystemExit(f"bench: {command[0]} did not start: {line}")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        self.popen.wait(30)


class Svc:
    """A running system of ours: one process, or one per module."""

    def __init__(self, split=False):
        self.data = tempfile.mkdtemp(prefix="svc-bench-")
        self.log = open(pathlib.Path(self.data) / "log", "w")
        roles = MODULES if split else ["all"]
        self.processes = [
            Process([SVC, f"--role={role}", "--data", self.data, "--config=/dev/null"], self.log, '"ready"')
            for role in roles
        ]
        self.port = 8000
        self.operator = subprocess.run(
            [SVC, "token", "--subject", "bench", "--scope", "admin", "--data", self.data, "--config=/dev/null"],
            capture_output=True, text=True, check=True).stdout.strip()
        account = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
        self.user = request(self.port, "POST", "/users", account)[1]["id"]
        del account["name"]
        self.token = request(self.port, "POST", "/sessions", account)[1]["accessToken"]
        item = {"name": "Anvil", "unitPrice": {"amount": 1999, "currency": "USD"}, "onHand": 100_000_000}
        assert request(self.port, "PUT", "/items/anvil", item, self.operator)[0] == 201

    def stop(self):
        for process in self.processes:
            process.stop()
        self.log.close()
        shutil.rmtree(self.data)


LUA = """
wrk.method = "%(method)s"
wrk.headers["Authorization"] = "Bearer %(token)s"
wrk.headers["Content-Type"] = "application/json"
wrk.body = %(body)s
done = function(summary, latency, requests)
  io.stderr:write(string.format('{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"errors":%%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def wrk(url, processes, connections, seconds, method="GET", token="", body=None):
    """Loads `url` with wrk's one thread; figures of it and of the processes behind."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % {"method": method, "token": token,
                            "body": f"[[{json.dumps(body)}]]" if body is not None else "nil"})
        script.flush()
        before = sum(p.cpu_seconds() for p in processes)
        run = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", script.name, url],
                             capture_output=True, text=True, check=True)
        after = sum(p.cpu_seconds() for p in processes)
    seen = json.loads(run.stderr.strip().splitlines()[-1])
    if seen["errors"]:
        raise SystemExit(f"bench: {seen['errors']} errors at {url}")
    return {
        "per_second": round(seen["requests"] / seen["us"] * 1e6),
        "p50_ms": round(seen["p50"] / 1000, 2),
        "p99_ms": round(seen["p99"] / 1000, 2),
        "cpu_us": round((after - before) / seen["requests"] * 1e6),
        "memory_mb": round(sum(p.memory_mb() for p in processes), 1),
    }


ORDER = {"items": [{"sku": "anvil", "quantity": 1}], "paymentMethod": "tok_visa"}


def start_time_ms():
    """From exec to the ready line, with databases and keys to be made; the median of nine."""
    times = []
    for _ in range(9):
        with tempfile.TemporaryDirectory() as data:
            begun = time.monotonic()
            process = Process([SVC, "--data", data, "--config=/dev/null"], subprocess.DEVNULL, '"ready"')
            times.append((time.monotonic() - begun) * 1000)
            process.stop()
    return round(sorted(times)[4])


def measure(seconds):
    figures = {"start_ms": start_time_ms()}
    calls = json.loads(subprocess.run([CALLS], capture_output=True, text=True, check=True).stdout)
    figures["local_call_ns"] = round(calls["local_ns"])
    figures["http_call_us"] = round(calls["http_ns"] / 1000, 1)
    rows = {}
    for name, split in (("one process", False), ("a process per module", True)):
        system = Svc(split)
        try:
            if not split:
                figures["idle_memory_mb"] = round(sum(p.memory_mb() for p in system.processes), 1)
            base = f"http://127.0.0.1:{system.port}"
            for connections in (1, 32, 128):
                rows[f"GET /users/{{id}}, {name}, {connections} connections"] = wrk(
                    f"{base}/users/{system.user}", system.processes, connections, seconds, token=system.token)
                rows[f"POST /orders, {name}, {connections} connections"] = wrk(
                    f"{base}/orders", system.processes, connections, seconds, "POST", system.token, ORDER)
        finally:
            system.stop()
    return figures, rows


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    parser.add_argument("--seconds", type=int, default=5, help="time of each load (default 5)")
    options = parser.parse_args()
    figures, rows = measure(options.seconds)
    if options.json:
        json.dump({"figures": figures, "loads": rows}, sys.stdout, indent=1)
        print()
        return
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    print(f"{os.cpu_count()} cores, {cpu}, Linux {os.uname().release}; wrk, one thread, on the same machine\n")
    print(f"start until ready      {figures['start_ms']} ms")
    print(f"idle memory            {figures['idle_memory_mb']} MB, one process")
    print(f"a call to a module     {figures['local_call_ns']} ns in process, {figures['http_call_us']} us over HTTP\n")
    print(f"{'':58}{'per second':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'MB':>8}")
    for name, row in rows.items():
        print(f"{name:58}{row['per_second']:11,}{row['p50_ms']:9}{row['p99_ms']:9}{row['cpu_us']:9}{row['memory_mb']:8}")


main()
