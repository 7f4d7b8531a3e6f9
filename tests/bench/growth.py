"""Whether cost grows in line with the work: the same reads and orders with ten times as much in the databases."""

import pathlib
import subprocess
import tempfile

from load import load
from processes import request
from systems import Svc

SIZES = (100_000, 1_000_000)
FILL = pathlib.Path(__file__).resolve().parent / "fill.sql"


def fill(data, orders):
    """Users, items and as many orders as named, straight into the databases, as svc itself leaves them."""
    for name, text in zip(("user", "inventory", "payment", "order"), FILL.read_text().split("-- database\n")[1:]):
        script = f"CREATE TEMP TABLE amount AS SELECT {orders} AS orders, {orders // 10} AS others;\n{text}"
        subprocess.run(["sqlite3", "-bail", data / f"{name}.db"], input=script, text=True, check=True)


def measure(orders, seconds):
    with tempfile.TemporaryDirectory(prefix="svc-bench-") as directory:
        data = pathlib.Path(directory)
        with Svc(data=data):
            pass  # makes the databases
        fill(data, orders)
        with Svc(data=data) as svc:
            page = request(svc.port, "GET", "/orders?limit=200", token=svc.operator)[1]["items"]
            svc.user = f"/orders/{page[100]['id']}"
            svc.token = svc.operator
            reads = load(svc, "read", 32, seconds)
            svc.user = "/orders?limit=50&status=confirmed"
            lists = load(svc, "read", 32, seconds)
        with Svc(data=data) as svc:
            load(svc, "order", 32, 1)
            return {"an order at 32": reads, "50 orders at 32": lists, "order at 32": load(svc, "order", 32, seconds)}
