"""Measures svc and its peers on this machine, everything in one run and in turn. Started by scripts/bench."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from idle import with_idle
from load import load
from processes import Process
from systems import BUILD, SVC, Express, Moleculer, Proxied, Svc
import growth

IDLE_CONNECTIONS = 8000


def middle(runs, figure=None):
    return sorted(runs, key=figure)[len(runs) // 2]


def start_time_ms():
    """From exec to the ready line, with databases and keys to be made; the median of nine."""
    times = []
    for _ in range(9):
        with tempfile.TemporaryDirectory() as data:
            begun = time.monotonic()
            ports = [f"--port.{name}=0" for name in ("registry", "gateway", "operations")]
            process = Process([SVC, "--data", data, "--config=/dev/null", *ports], ready='"ready"')
            times.append((time.monotonic() - begun) * 1000)
            process.stop()
    return round(middle(times))


def printed_by(program, *arguments):
    run = subprocess.run([BUILD / program, *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


class Bench:
    """Figures as they are made: loads by (work, who), and single values by name."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.loads = {}
        self.values = {}

    def say(self, what):
        print(f"bench: {what}", file=sys.stderr, flush=True)

    def measure(self, system, work, connections):
        self.say(f"{work} at {connections}, {system.name}")
        load(system, work, connections, 1)  # warm
        return load(system, work, connections, self.seconds)

    def take(self, system, work, connections):
        self.loads[f"{work} at {connections}", system.name] = self.measure(system, work, connections)

    def per_second(self, work, who):
        return self.loads[work, who]["per_second"]

    # Each part measures one aim; they are run in turn.

    def small_things(self):
        self.say("start, calls, transactions")
        self.values["ms from start to ready"] = start_time_ms()
        calls = printed_by("bench_calls")
        self.values["ns for a call in process"] = round(calls["local_ns"])
        self.values["us for a call over HTTP"] = round(calls["http_ns"] / 1000, 1)
        for count in (32, 128):
            alone = printed_by("bench_transactions", count, self.seconds)["per_second"]
            self.loads[f"order at {count}", ALONE] = {"per_second": alone}

    def events(self):
        self.say("events")
        figures = printed_by("bench_events")
        self.values["us from the commit of an event to its handler, median"] = figures["commit_to_handler_us"]["median"]
        self.values["us from the commit of an event to its handler, p99"] = figures["commit_to_handler_us"]["p99"]
        self.values["events a second from a module to another, each on disk"] = figures["embedded_per_second"]
        if "rabbitmq_per_second" in figures:
            self.values["the same by RabbitMQ"] = figures["rabbitmq_per_second"]

    def whole(self):
        with Svc() as svc:
            self.values["MB of memory, idle"] = round(svc.memory_mb(), 1)
            for connections in (1, 32):
                self.take(svc, "read", connections)
            self.half_load(svc)
            for connections in (1, 32):
                self.take(svc, "order", connections)

    def half_load(self, svc):
        """Latency when half as much is asked as can be answered. The middle of three runs: a guest whose host takes its
        cores away for 50 ms has lost the p99 of 5 s."""
        peak = self.per_second("read at 32", svc.name)
        connections = 256
        pause_ms = max(2, round(connections / (peak / 2) * 1000))
        self.say(f"read at half of peak, {svc.name}")
        runs = [load(svc, "read", connections, self.seconds, pause_ms) for _ in range(3)]
        figures = middle(runs, lambda run: run["p99_ms"] / run["p50_ms"])
        self.loads["read at half of peak", svc.name] = figures
        self.values["p99 / median at half of peak"] = round(figures["p99_ms"] / figures["p50_ms"], 1)

    def split(self):
        with Svc(split=True) as svc:
            for work in ("read", "order"):
                for connections in (1, 32):
                    self.take(svc, work, connections)

    def peers(self):
        for proxy in ("nginx", "HAProxy"):
            with Proxied(proxy) as system:
                self.take(system, "read", 32)
        with Moleculer() as system:
            self.take(system, "read", 32)
            self.take(system, "order", 32)
        with Express() as system:
            self.take(system, "read", 32)
            self.take(system, "order", 32)

    def rush(self):
        """Orders at 128 connections. The closest of all aims, and the speed of a shared machine changes by the minute: in
        turn, three times each, and the middle ones."""
        runs = {}
        for make in (Svc, Moleculer) * 3:
            with make() as system:
                runs.setdefault(system.name, []).append(self.measure(system, "order", 128))
        for who, figures in runs.items():
            self.loads["order at 128", who] = middle(figures, lambda run: run["per_second"])

    def idle(self):
        with Svc() as svc:
            self.say(f"{IDLE_CONNECTIONS} idle connections")
            alone, beside, kilobytes = with_idle(svc, IDLE_CONNECTIONS, self.seconds)
            self.loads["read at 16", svc.name] = alone
            self.loads[f"read at 16 beside {IDLE_CONNECTIONS} idle", svc.name] = beside
            self.values["KiB of memory per idle connection"] = kilobytes

    def growth(self):
        for orders in growth.SIZES:
            self.say(f"{orders:,} orders in the database")
            for work, figures in growth.measure(orders, self.seconds).items():
                self.loads[work, f"svc, {orders:,} orders kept"] = figures


WHOLE, SPLIT = "svc, one process", "svc, a process per module"
NGINX, HAPROXY = "nginx proxying to a bare handler", "HAProxy proxying to a bare handler"
MOLECULER, EXPRESS = "Moleculer, one process", "Express stack: gateway, users, orders"
ALONE = "its transactions on SQLite alone"

# work, who, against whom (the best of them), at least this many times as much
AIMS = [
    ("read at 32", WHOLE, (NGINX, HAPROXY), 1.2),
    ("read at 32", WHOLE, (MOLECULER,), 2),
    ("read at 32", WHOLE, (EXPRESS,), 12),
    ("read at 32", SPLIT, (NGINX,), 0.8),
    ("read at 32", SPLIT, (EXPRESS,), 5),
    ("order at 32", WHOLE, (EXPRESS,), 4),
    ("order at 32", WHOLE, (ALONE,), 0.6),
    ("order at 128", WHOLE, (MOLECULER,), 1),
]


def ratios(bench):
    for work, who, peers, aim in AIMS:
        known = [peer for peer in peers if (work, peer) in bench.loads]
        if (work, who) in bench.loads and known:
            best = max(known, key=lambda peer: bench.per_second(work, peer))
            yield work, who, best, round(bench.per_second(work, who) / bench.per_second(work, best), 2), aim


def print_table(bench):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    print(f"{os.cpu_count()} cores, {cpu}, Linux {os.uname().release}; wrk, one thread, on the same machine\n")
    for name, value in bench.values.items():
        print(f"{value:>10} {name}")
    print(f"\n{'work':30} {'who':42}{'per second':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'MB':>8}")
    for (work, who), row in sorted(bench.loads.items()):
        rest = [f"{row[key]:{width}}" if key in row else " " * width
                for key, width in (("p50_ms", 9), ("p99_ms", 9), ("cpu_us", 9), ("memory_mb", 8))]
        print(f"{work:30} {who:42}{row['per_second']:11,.0f}{''.join(rest)}")
    print(f"\n{'work':30} {'who':28}{'against':42}{'times':>7}{'aim':>7}")
    for work, who, peer, ratio, aim in ratios(bench):
        print(f"{work:30} {who:28}{peer:42}{ratio:7}{aim:7}{'' if ratio >= aim else '  missed'}")


def main():
    parts = ["small_things", "events", "whole", "split", "peers", "rush", "idle", "growth"]
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures for machines")
    parser.add_argument("--seconds", type=int, default=5, help="time of each load (default 5)")
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help=f"of {', '.join(parts)}; all unless named")
    options = parser.parse_args()
    bench = Bench(options.seconds)
    for part in options.parts or parts:
        getattr(bench, part)()
    if options.json:
        json.dump({"values": bench.values,
                   "loads": [{"work": work, "who": who, **row} for (work, who), row in bench.loads.items()],
                   "ratios": [dict(zip(("work", "who", "against", "ratio", "aim"), row)) for row in ratios(bench)]},
                  sys.stdout, indent=1)
        print()
    else:
        print_table(bench)


main()
