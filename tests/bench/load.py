"""Load by wrk: one thread, keep-alive connections."""

import json
import subprocess
import tempfile

SCRIPT = """
wrk.method = "%(method)s"
wrk.headers["Authorization"] = %(authorization)s
wrk.headers["Content-Type"] = "application/json"
wrk.body = %(body)s
%(delay)s
done = function(summary, latency, requests)
  io.stderr:write(string.format('{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"errors":%%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def load(system, work, connections, seconds, pause_ms=0):
    """Figures of `system` under `work`: "read" (a user) or "order". With a pause, each connection waits for half to
    one and a half times as long before it asks again."""
    order = work == "order"
    script = SCRIPT % {
        "method": "POST" if order else "GET",
        "authorization": f'"Bearer {system.token}"' if system.token else "nil",
        "body": f"[[{json.dumps(system.order)}]]" if order else "nil",
        "delay": f"function delay() return math.random({pause_ms // 2}, {pause_ms * 3 // 2}) end" if pause_ms else "",
    }
    url = f"http://127.0.0.1:{system.port}{'/orders' if order else system.user}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        before = system.cpu_seconds()
        run = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", file.name, url],
                             capture_output=True, text=True, check=True)
        after = system.cpu_seconds()
    seen = json.loads(run.stderr.strip().splitlines()[-1])
    if seen["errors"]:
        raise SystemExit(f"bench: {seen['errors']} errors from {system.name} at {url}")
    return {
        "per_second": round(seen["requests"] / seen["us"] * 1e6),
        "p50_ms": round(seen["p50"] / 1000, 3),
        "p99_ms": round(seen["p99"] / 1000, 3),
        "cpu_us": round((after - before) / seen["requests"] * 1e6, 1),
        "memory_mb": round(system.memory_mb(), 1),
    }
