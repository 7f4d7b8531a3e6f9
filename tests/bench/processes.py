"""Servers started for a measurement, and what they cost."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    """Until `port` takes connections; stops the bench when `process` ends before."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"bench: {process.args[0]} ended with {process.returncode}")


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
    """A server. It says `ready` on its standard output, or takes connections on `port`."""

    def __init__(self, command, log=subprocess.DEVNULL, ready=None, port=None, cwd=None):
        self.popen = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE if ready else log,
                                      stderr=log, text=True, cwd=cwd)
        if ready and ready not in (line := self.popen.stdout.readline()):
            raise SystemExit(f"bench: {command[0]} did not start: {line}")
        if port:
            wait_for_port(port, self.popen)

    def _family(self):
        """Itself and its children: nginx works in one."""
        children = pathlib.Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
        return [self.popen.pid, *children]

    def cpu_seconds(self):
        total = 0
        for pid in self._family():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_mb(self):
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
                   for pid in self._family()) / 1024

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
