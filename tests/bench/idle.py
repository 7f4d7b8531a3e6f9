"""What idle connections cost."""

import resource
import socket

from load import load


def hold(system, count):
    """Keep-alive connections that have asked once and now say nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ask = (f"GET {system.user} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {system.token}\r\n\r\n").encode()
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", system.port), timeout=30)
        connection.sendall(ask)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        held.append(connection)
    return held


def with_idle(system, count, seconds):
    """Figures of 16 busy connections beside none and beside `count` idle ones, and the memory of each idle one."""
    alone = load(system, "read", 16, seconds)
    before = system.memory_mb()
    held = hold(system, count)
    per_connection = (system.memory_mb() - before) * 1024 / count
    beside = load(system, "read", 16, seconds)
    for connection in held:
        connection.close()
    return alone, beside, round(per_connection, 2)
