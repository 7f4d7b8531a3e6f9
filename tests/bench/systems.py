"""What is measured: svc in its placements, and the peers."""

import atexit
import pathlib
import shutil
import subprocess
import tempfile

from processes import Process, free_port, request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/release"
SVC = BUILD / "svc"
PEERS = pathlib.Path(__file__).resolve().parent / "peers"
INSTALLED = ROOT / "build/bench-peers"  # where scripts/bench puts the packages of npm

MODULES = ["user", "inventory", "payment", "order", "notification", "gateway"]


class System:
    """Something that serves users and orders on `port`."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="svc-bench-"))
        # Not before all is measured: ext4 without a journal is slow to make files where many were just deleted.
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.processes = []
        self.port = free_port()
        self.token = ""
        self.user = "/users/1"
        self.order = {"userId": "1", "items": [{"sku": "anvil", "quantity": 1}], "paymentMethod": "tok_visa"}

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for process in self.processes)

    def memory_mb(self):
        return sum(process.memory_mb() for process in self.processes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()


class Svc(System):
    def __init__(self, split=False, data=None):
        super().__init__("svc, a process per module" if split else "svc, one process")
        self.data = data or self.dir / "data"
        ports = {name: free_port() for name in ["registry", *MODULES, "operations"]}
        self.port = ports["gateway"]
        flags = ["--data", self.data, "--config=/dev/null", *(f"--port.{name}={port}" for name, port in ports.items())]
        log = open(self.dir / "log", "w")
        for role in MODULES if split else ["all"]:
            self.processes.append(Process([SVC, f"--role={role}", *flags], log, '"ready"'))
        self.operator = subprocess.run([SVC, "token", "--subject", "bench", "--scope", "admin", *flags[:3]],
                                       capture_output=True, text=True, check=True).stdout.strip()
        account = {"name": "Ann", "email": "ann@example.com", "password": "correct horse"}
        made = request(self.port, "POST", "/users", account)
        del account["name"]
        session = request(self.port, "POST", "/sessions", account)[1]
        self.token = session["accessToken"]
        if made[0] == 201:
            self.user = f"/users/{made[1]['id']}"
        item = {"name": "Anvil", "unitPrice": {"amount": 1999, "currency": "USD"}, "onHand": 100_000_000}
        assert request(self.port, "PUT", "/items/anvil", item, self.operator)[0] in (200, 201)
        del self.order["userId"]


class Proxied(System):
    """nginx or HAProxy in front of a bare cpp-httplib handler."""

    def __init__(self, proxy):
        super().__init__(f"{proxy} proxying to a bare handler")
        target = free_port()
        self.processes.append(Process([BUILD / "bench_bare", target], ready="ready"))
        kind = {"nginx": "nginx.conf", "HAProxy": "haproxy.cfg"}[proxy]
        config = (PEERS / kind).read_text().replace("@PORT@", str(self.port)).replace("@TARGET@", str(target))
        (self.dir / kind).write_text(config)
        command = {"nginx": ["/usr/sbin/nginx", "-p", self.dir, "-c", self.dir / kind],
                   "HAProxy": ["/usr/sbin/haproxy", "-f", self.dir / kind]}[proxy]
        self.processes.append(Process(command, open(self.dir / "log", "w"), port=self.port, cwd=self.dir))


def node(script, *arguments):
    return Process(["node", INSTALLED / script, *arguments], ready="ready", cwd=INSTALLED)


class Express(System):
    def __init__(self):
        super().__init__("Express stack: gateway, users, orders")
        users, orders = free_port(), free_port()
        self.processes.append(node("express-users.js", users))
        self.processes.append(node("express-orders.js", orders, users))
        self.processes.append(node("express-gateway.js", self.port, users, orders))


class Moleculer(System):
    def __init__(self):
        super().__init__("Moleculer, one process")
        self.processes.append(node("moleculer.js", self.port))
