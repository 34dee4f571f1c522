#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The egress room beside its peers: who answers how many CONNECT+GET a second, in turns, in one run.

Three network namespaces: `out` with the server at a public address, `host` with the proxies, `in` with the listeners
that are passed to the egress room, and its clients. Peers have no passed listeners, so their clients live beside them in
`host`. Ours has one synced record for each decision (bench/egress/door.c), squid its access log, not synced. tinyproxy
writes none: it syncs its log with each line and would measure the disk.
Everything that is started here is ended by its own process id, and the namespaces are removed.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOAD, DOOR = ROOT + "/bench/build/egress-load", ROOT + "/bench/build/egress-door"
EGRESS = os.environ["DOORWARD_BUILD"] + "/doorward-egress"
PREFIX = f"dwb{os.getpid()}"
OUT, HOST, IN = PREFIX + "o", PREFIX + "h", PREFIX + "i"
TARGET = "93.184.216.34:8080"
TINYPROXY, SQUID, RELAY, OURS = 8888, 3129, 7000, 3128

TINYPROXY_CONF = """Port {port}
Listen 127.0.0.1
Timeout 600
MaxClients 20000
LogFile "{work}/tinyproxy.log"
LogLevel Critical
PidFile "{work}/tinyproxy.pid"
DisableViaHeader Yes
ConnectPort 8080
"""
SQUID_CONF = """http_port 127.0.0.1:{port}
acl connect_ports port 8080
http_access allow connect_ports
http_access deny all
cache deny all
cache_mem 8 MB
access_log stdio:{work}/access.log
cache_log {work}/cache.log
pid_filename {work}/squid.pid
coredump_dir {work}
max_filedescriptors 65536
pipeline_prefetch 0
shutdown_lifetime 1 seconds
"""


def command(*words):
    subprocess.run(words, check=True)


def inside(space, *words):
    return ["ip", "netns", "exec", space, *words]


class Lab:
    def __enter__(self):
        self.work = tempfile.mkdtemp(prefix="doorward-egress-bench-")
        os.chmod(self.work, 0o777)
        self.children = []
        for space in (OUT, HOST, IN):
            command("ip", "netns", "add", space)
            command("ip", "-n", space, "link", "set", "lo", "up")
        command("ip", "link", "add", "up0", "netns", HOST, "type", "veth", "peer", "name", "down0", "netns", OUT)
        for space, device, address in ((HOST, "up0", "93.184.216.1/24"), (OUT, "down0", "93.184.216.34/24")):
            command("ip", "-n", space, "address", "add", address, "dev", device)
            command("ip", "-n", space, "link", "set", device, "up")
            # One closed connection after the other: ports in TIME_WAIT are used again.
            command(*inside(space, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse;"
                            "echo 20000 65000 > /proc/sys/net/ipv4/ip_local_port_range;"
                            "echo 8192 > /proc/sys/net/core/somaxconn"))
        command(*inside(IN, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse;"
                        "echo 20000 65000 > /proc/sys/net/ipv4/ip_local_port_range;"
                        "echo 8192 > /proc/sys/net/core/somaxconn"))
        self.start(OUT, LOAD, "serve", "93.184.216.34", "8080")
        time.sleep(0.3)
        return self

    def start(self, space, *words, **options):
        child = subprocess.Popen(inside(space, *words), **options)
        self.children.append(child)
        return child

    def end(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def __exit__(self, *_):
        for child in reversed(self.children):
            self.end(child)
        for space in (IN, HOST, OUT):
            subprocess.run(["ip", "netns", "delete", space], check=False)


def wait_for(space, port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        probe = subprocess.run(inside(space, "python3", "-c",
                                      f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"),
                               stderr=subprocess.DEVNULL, check=False)
        if probe.returncode == 0:
            return
        time.sleep(0.2)
    sys.exit(f"bench/egress: error: nothing listens on port {port}")


class Ours:
    def __init__(self, lab, sandboxes=1):
        self.child = lab.start(HOST, DOOR, EGRESS, IN, str(OURS), str(sandboxes), lab.work + "/decisions",
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pids = [int(self.child.stdout.readline())]
        self.space, self.port = IN, OURS
        wait_for(IN, OURS)


class Tinyproxy:
    def __init__(self, lab):
        path = lab.work + "/tinyproxy.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(TINYPROXY_CONF.format(port=TINYPROXY, work=lab.work))
        self.child = lab.start(HOST, "tinyproxy", "-d", "-c", path, stdout=subprocess.DEVNULL)
        self.pids = [self.child.pid]
        self.space, self.port = HOST, TINYPROXY
        wait_for(HOST, TINYPROXY)


class Squid:
    def __init__(self, lab):
        path = lab.work + "/squid.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(SQUID_CONF.format(port=SQUID, work=lab.work))
        self.child = lab.start(HOST, "squid", "-N", "-f", path, stderr=subprocess.DEVNULL)
        self.pids = [self.child.pid]
        self.space, self.port = HOST, SQUID
        wait_for(HOST, SQUID)


class Direct:
    pids, space, port, child = [], HOST, None, None

    def __init__(self, _):
        pass


class Relay:
    def __init__(self, lab):
        self.child = lab.start(HOST, LOAD, "relay", str(RELAY), TARGET)
        self.pids = [self.child.pid]
        self.space, self.port = HOST, RELAY
        wait_for(HOST, RELAY)


TARGETS = {"none": Direct, "tinyproxy": Tinyproxy, "squid": Squid, "ours": Ours}
POINTS = [("connect", 1), ("connect", 16), ("kept", 1), ("kept", 16), ("plain", 1)]
TICK = os.sysconf("SC_CLK_TCK")


def load(space, *words):
    done = subprocess.run(inside(space, LOAD, *words), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench/egress: error: {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def cpu(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0


def rounds(lab, names, count, seconds):
    found = {(name, *point): [] for name in names for point in POINTS}
    for turn in range(count):
        # Whoever is first has a machine that has just rested.
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            target = TARGETS[name](lab)
            proxy = "-" if target.port is None else f"127.0.0.1:{target.port}"
            for point, clients in POINTS:
                before = cpu(target.pids)
                result = load(target.space, point, proxy, TARGET, str(clients), str(seconds))
                result["cpu_us"] = (cpu(target.pids) - before) * 1e6 / max(result["done"], 1)
                found[name, point, clients].append(result)
                print(f"{name} {point} {clients}: {result}", file=sys.stderr)
            if target.child:
                if name == "ours":
                    target.child.stdin.close()
                    target.child.wait(10)
                lab.end(target.child)
    print("| proxy | what | clients | per second | p50 us | p99 us | CPU us | failed |")
    print("|---|---|---|---|---|---|---|---|")
    for (name, point, clients), results in found.items():
        rates = sorted(result["rate"] for result in results)
        middle = {key: statistics.median(result[key] for result in results) for key in ("p50_us", "p99_us", "cpu_us")}
        print(f"| {name} | {point} | {clients} | {statistics.median(rates):,.0f} [{rates[0]:,.0f}..{rates[-1]:,.0f}] "
              f"| {middle['p50_us']:,.0f} | {middle['p99_us']:,.0f} | {middle['cpu_us']:.0f} "
              f"| {sum(result['failed'] for result in results)} |")


def streams(lab, count, megabytes):
    ours, relay = Ours(lab), Relay(lab)
    # A plain relay is no proxy: it is spoken to as if it were the server.
    speeds = {"none": [], "relay": [], "ours": []}
    for _ in range(count):
        speeds["none"].append(load(HOST, "stream", "-", TARGET, str(megabytes))["megabytes_per_second"])
        speeds["relay"].append(load(HOST, "stream", "-", f"127.0.0.1:{RELAY}", str(megabytes))["megabytes_per_second"])
        speeds["ours"].append(load(IN, "stream", f"127.0.0.1:{OURS}", TARGET, str(megabytes))["megabytes_per_second"])
    lab.end(relay.child)
    ours.child.stdin.close()
    ours.child.wait(10)
    for name, values in speeds.items():
        print(f"one tunnel, {name}: {statistics.median(values):,.0f} MB/s [{min(values):,.0f}..{max(values):,.0f}]")
    print(f"ours to a plain relay: {statistics.median(speeds['ours']) / statistics.median(speeds['relay']):.2f}")


def idle(lab, count):
    ours = Ours(lab, sandboxes=count // 1000 + 1)
    before = resident(ours.pids[0])
    ports = ",".join(str(OURS + 2 * number) for number in range(count // 1000 + 1))
    child = subprocess.Popen(inside(IN, LOAD, "idle", ports, TARGET, str(count)), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    opened = json.loads(child.stdout.readline())
    time.sleep(1)
    ticks = cpu(ours.pids)
    time.sleep(2)
    print(f"{opened['open']} idle tunnels in {opened['seconds']} s: {resident(ours.pids[0]):.1f} MB resident, "
          f"{before:.1f} before, {cpu(ours.pids) - ticks:.2f} s of CPU in two seconds")
    out, _ = child.communicate("\n")
    print(f"of them still alive: {json.loads(out.splitlines()[-1])['alive']}")
    ours.child.stdin.close()
    ours.child.wait(20)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--idle", type=int, default=10_000)
    arguments = parser.parse_args()
    with Lab() as lab:
        if arguments.rounds:
            rounds(lab, arguments.targets.split(","), arguments.rounds, arguments.seconds)
        if arguments.megabytes:
            streams(lab, 5, arguments.megabytes)
        if arguments.idle:
            idle(lab, arguments.idle)


if __name__ == "__main__":
    main()
