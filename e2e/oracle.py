# SPDX-License-Identifier: Apache-2.0
"""Judges attacks: what was answered, what was started, what was written down, and what must stand nowhere.

Rows run in batches. The rows of one batch are made by one child process of ours, which is the peer that their records
must name; a refusal of the same peer and reason is recorded singly only twenty times a minute, so a batch is no longer.
"""

import base64
import binascii
import dataclasses
import itertools
import os
import pickle
import secrets
import struct
import urllib.parse

import client
import house as houses

# What one peer and one reason may have of records of their own in a minute (docs/audit-format.md).
SINGLES = 20
# Told of every socket that was opened, whatever came of it.
COMING_AND_GOING = ("caller.admitted", "caller.gone")
FORBIDDEN = ("set-cookie", "access-control-")


@dataclasses.dataclass
class Case:
    """What a row can build its bytes from."""

    port: int
    token: str
    # Random; whatever holds it must not be echoed, and must not be in the log in any spelling.
    canary: str
    trips: str
    peer: str = "127.0.0.1"

    def __post_init__(self):
        self.authority = f"127.0.0.1:{self.port}"
        self.mark = os.path.join(self.trips, f"pwned-{self.canary}")


@dataclasses.dataclass
class Row:
    """One attack in one spelling.

    - `build(case)`: a Request, or raw bytes; for WebSocket rows a Request whose `frames` follow the handshake.
    - `status`: of the HTTP answer; 101 where the handshake itself is in order. `close`: of the socket.
    - `reason`, `step`: of the one record; `reason` None where none must be written. Each may be a tuple, where the
      rule leaves open which of two steps sees a fault first.
    - `code`: of the JSON-RPC error in the answer.
    """

    id: str
    name: str
    build: object
    status: int = 0
    reason: object = None
    step: object = None
    field: object = None
    rule: object = None
    close: int = 0
    code: object = None
    closes: object = None
    records: int = 1
    token: bool = True
    # Method and path as the record must tell them; None: not looked at.
    method: object = None
    path: object = None
    # True: the same bytes reach their goal on the vulnerable twin.
    twin: bool = False
    transport: str = "http"
    address: object = None
    check: object = None
    # Record kinds that must be written once, beside or instead of the refusal.
    kind: str = "refused"
    header: object = None

    @property
    def title(self):
        return f"{self.id} {self.name}"


def run(row, case):
    """Carries out one row, in the process that calls."""
    address = row.address(case) if row.address else (case.peer, case.port)
    built = row.build(case)
    if row.transport in ("socket", "message"):
        frames, built.frames = built.frames, b""
        # A message is answered and the socket stays open; whatever breaks the socket is waited out.
        until = None if row.transport == "socket" else lambda got: any(code == 1 for code, _ in got)
        return client.talk(address, built, frames if isinstance(frames, list) else [frames], until)
    return client.exchange(address, built)


def fits(value, expected):
    return value in expected if isinstance(expected, tuple) else value == expected


# Secrets

def spellings(secret):
    """A secret in every form in which it could lie in a file."""
    raw = secret.encode()
    forms = {raw, urllib.parse.quote(secret, safe="").encode(), b"".join(b"%%%02X" % byte for byte in raw),
             b"".join(b"%%%02x" % byte for byte in raw), raw.hex().encode(), raw.hex().upper().encode(),
             b"".join(b"\\u%04x" % byte for byte in raw)}
    for shift in range(3):
        # The bytes around it are unknown: only the digits that it fixes alone are looked for.
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            text = alphabet(b"\0" * shift + raw).rstrip(b"=")
            first = (shift * 8 + 5) // 6
            last = (shift + len(raw)) * 8 // 6
            forms.add(text[first:last])
    return {form for form in forms if len(form) >= 8}


def find_secrets(directory, secrets_):
    """Which of these secrets stand in any file below a directory, in any spelling."""
    found = []
    text = b""
    for base, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    text += file.read() + b"\n"
    for secret in secrets_:
        for form in spellings(secret):
            if form in text:
                found.append((secret, form))
    return found


# Batches

class Worker:
    """A child process that makes the requests of one batch: the peer that the records must name."""

    def __init__(self, rows, cases, run=run):
        to_child, from_parent = os.pipe()
        from_child, to_parent = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(from_parent)
                os.close(from_child)
                for row, case in zip(rows, cases):
                    if not os.read(to_child, 1):
                        break
                    try:
                        answer = run(row, case)
                    except Exception as error:  # told to the parent, which fails the row
                        answer = client.Answer(error=f"{type(error).__name__}: {error}")
                    data = pickle.dumps(answer)
                    write_all(to_parent, struct.pack("!I", len(data)) + data)
                # Alive until the records are judged: a peer that has gone could not be named.
                os.read(to_child, 1)
                status = 0
            finally:
                os._exit(status)
        os.close(to_child)
        os.close(to_parent)
        self._go = from_parent
        self._answers = from_child

    def next(self):
        os.write(self._go, b"1")
        head = read_exactly(self._answers, 4)
        return pickle.loads(read_exactly(self._answers, struct.unpack("!I", head)[0]))

    def end(self):
        os.close(self._go)
        os.close(self._answers)
        os.waitpid(self.pid, 0)


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def read_exactly(descriptor, count):
    data = b""
    while len(data) < count:
        piece = os.read(descriptor, count - len(data))
        if not piece:
            raise houses.HouseError("a worker ended")
        data += piece
    return data


class Judge:
    """Runs rows against one house and collects what is wrong with them."""

    def __init__(self, house, token, client_name="attacker", listener="main"):
        self.house = house
        self.token = token
        self.client_name = client_name
        self.listener = listener
        self.faults = []
        self.secrets = [token]
        self.count = 0
        self.rows_run = 0

    def case(self, row, port=None, trips=None):
        canary = "cnry" + secrets.token_hex(12)
        self.secrets.append(canary)
        return Case(port or self.house.port, self.token if row.token else "", canary, str(trips or self.house.trips))

    def fault(self, row, text):
        self.faults.append(f"{row.title}: {text}")

    def batches(self, rows):
        """Rows of one reason together, at most as many as are recorded singly."""
        groups = {}
        for row in rows:
            groups.setdefault(str(row.reason), []).append(row)
        for group in groups.values():
            size = SINGLES // max(1, max(row.records for row in group))
            for start in range(0, len(group), size):
                yield group[start:start + size]

    def judge(self, rows, counts_processes=True):
        """Points 1 to 3 of the oracle for all rows. Whatever is wrong is in `faults` afterwards."""
        before = self.standing()
        first = houses.last_pid()
        workers = 0
        for batch in self.batches(rows):
            workers += 1
            self.judge_batch(batch)
        if counts_processes:
            self.settle()
            self.compare(before, "the rows together")
            if houses.has_own_pid_namespace():
                made = houses.last_pid() - first
                if made != workers:
                    self.faults.append(f"{made - workers} processes were started while {len(rows)} rows ran")

    def settle(self):
        """A process that an attack starts shows up within a tenth of a second; this waits for ten of them."""
        import time

        time.sleep(1.0)

    def standing(self):
        """What must not change while rows run: marks, and the processes of the house."""
        return set(os.listdir(self.house.trips)), set(self.house.pids())

    def compare(self, before, what):
        marks, processes = self.standing()
        # Lines files grow with each line that a server is sent, and there are none without a server.
        for new in sorted(marks - before[0]):
            self.faults.append(f"{what}: left the mark {new}")
        for new in sorted(processes - before[1]):
            self.faults.append(f"{what}: started {houses.command_line(new)}")
        for gone in sorted(before[1] - processes):
            self.faults.append(f"{what}: process {gone} has gone")

    def judge_batch(self, batch):
        cases = [self.case(row) for row in batch]
        worker = Worker(batch, cases)
        try:
            seen = len(self.house.audit())
            for row, case in zip(batch, cases):
                self.rows_run += 1
                late = self.of_peer(self.house.audit()[seen:], worker.pid)
                if late:
                    self.fault(row, f"one before it left another record: {late}")
                seen = len(self.house.audit())
                answer = worker.next()
                if (answer.seconds > 0.5 or answer.error) and os.environ.get("E2E_SLOW"):
                    print(f"{answer.seconds:.1f} s {answer.error}: {row.title}", flush=True)
                self.judge_answer(row, case, answer)
                self.judge_record(row, case, worker, seen)
                seen = len(self.house.audit())
        finally:
            worker.end()

    @staticmethod
    def of_peer(records, pid):
        return [record for record in records
                if record["data"].get("peer", {}).get("pid") == pid and record["kind"] not in COMING_AND_GOING]

    def judge_answer(self, row, case, answer):
        """Point 1."""
        if answer.error:
            return self.fault(row, f"no end of the exchange: {answer.error}; so far {answer.raw[:200]!r}")
        if not fits(answer.status, row.status):
            return self.fault(row, f"answered {answer.status}, not {row.status}: {answer.raw[:300]!r}")
        for name, _ in answer.headers:
            if name.startswith(FORBIDDEN):
                self.fault(row, f"sent the header {name}")
        if answer.status and answer.status != 101:
            if answer.header("cache-control") != "no-store":
                self.fault(row, f"Cache-Control is {answer.header('cache-control')}")
            if answer.header("x-content-type-options") != "nosniff":
                self.fault(row, "no X-Content-Type-Options: nosniff")
        if answer.status == 401 and not (answer.header("www-authenticate") or "").startswith("Bearer "):
            self.fault(row, "401 without a challenge")
        if answer.status == 405 and not answer.header("allow"):
            self.fault(row, "405 without Allow")
        text = answer.raw + b"".join(payload for _, payload in answer.frames)
        for form in spellings(case.canary) | spellings(self.token):
            if form in text:
                self.fault(row, f"a byte of the request came back: {text[:300]!r}")
                break
        if answer.rest:
            self.fault(row, f"more than one answer: {answer.rest[:200]!r}")
        if row.close and not fits(answer.close, row.close):
            self.fault(row, f"closed with {answer.close}, not {row.close}: {answer.frames[:4]}")
        if row.code is not None:
            message = answer.message
            code = (message or {}).get("error", {}).get("code")
            if not fits(code, row.code):
                self.fault(row, f"error code {code}, not {row.code}: {message}")
        if row.header and row.header[1] not in (answer.header(row.header[0]) or ""):
            self.fault(row, f"{row.header[0]} is {answer.header(row.header[0])}")
        if row.check:
            text = row.check(case, answer)
            if text:
                self.fault(row, text)

    def judge_record(self, row, case, worker, seen):
        """Point 3: one record, no more and no fewer, that says what happened and holds no secret."""
        wanted = row.records if row.reason else 0

        def found():
            return self.of_peer(self.house.audit()[seen:], worker.pid)

        if wanted:
            try:
                houses.wait_for(lambda: len(found()) >= wanted, "a record", 2)
            except houses.HouseError:
                pass
        records = found()
        if len(records) != wanted:
            return self.fault(row, f"{len(records)} records, not {wanted}: {[r['data'] for r in records]}")
        for record in records:
            data = record["data"]
            if record["kind"] != row.kind:
                self.fault(row, f"recorded as {record['kind']}: {data}")
            if not fits(data.get("reason"), row.reason):
                self.fault(row, f"the reason is {data.get('reason')}, not {row.reason}: {data}")
            if row.step is not None and not fits(data.get("step"), row.step):
                self.fault(row, f"the step is {data.get('step')}, not {row.step}: {data}")
            if data.get("listener") != self.listener:
                self.fault(row, f"the listener is {data.get('listener')}")
            peer = data.get("peer", {})
            if peer.get("uid") != os.geteuid() or peer.get("exe") != houses.PYTHON:
                self.fault(row, f"the peer is {peer}")
            for name in ("field", "rule", "method", "path"):
                expected = getattr(row, name)
                if expected is not None and data.get(name) != expected:
                    self.fault(row, f"{name} is {data.get(name)!r}, not {expected!r}: {data}")

    def search(self):
        """No secret of any row, in any spelling, in the log or anywhere else in the state directory."""
        self.house.check_audit()
        for secret, form in find_secrets(self.house.state, self.secrets):
            self.faults.append(f"the secret {secret} stands in the state directory as {form!r}")

    def report(self):
        shown = list(itertools.islice(self.faults, 60))
        more = len(self.faults) - len(shown)
        return "\n".join([f"{len(self.faults)} faults in {self.rows_run} rows:", *shown]
                         + ([f"… and {more} more"] if more else []))


def self_test():
    """The meter itself: what it must find, it finds."""
    token = secrets.token_urlsafe(32)
    for form in (token.encode(), base64.b64encode(b"x" + token.encode() + b"yz"), token.encode().hex().encode(),
                 base64.urlsafe_b64encode(b"xy" + token.encode()), binascii.hexlify(token.encode()).upper(),
                 urllib.parse.quote(token).encode()):
        assert any(one in form for one in spellings(token)), form
    assert not any(one in base64.b64encode(secrets.token_bytes(400)) for one in spellings(token))
