# SPDX-License-Identifier: Apache-2.0
"""The same house for an ordinary user with a home of his own: a part of every table, judged as strictly."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import client
import house as houses

USER = 1001
# What the unprivileged half runs: a slice of each table through the same judge.
SLICES = {"heads": 23, "json": 17, "socket": 19, "frames": 5}


class OrdinaryUser(unittest.TestCase):
    @unittest.skipUnless(houses.IS_ROOT, "already an ordinary user: the other files are this test")
    def test_a_slice_of_every_table(self):
        with tempfile.TemporaryDirectory(prefix="doorward-e2e-user-") as place:
            os.chmod(place, 0o755)
            # The programs and the tests where this user can read them; the scratch directory is his own.
            build = os.path.join(place, "build")
            os.mkdir(build)
            for name in ("doorward", "doorwardd", "doorward-gate", "doorward-launch", "doorward-watch", "doorward-egress", "doorward-tools"):
                shutil.copy(houses.BUILD / name, build)
            tests = os.path.join(place, "e2e")
            shutil.copytree(houses.HERE, tests, ignore=shutil.ignore_patterns("__pycache__", "peers", "autobahn"))
            home = os.path.join(place, "home")
            os.mkdir(home, 0o700)
            os.chown(home, USER, USER)
            environment = {"HOME": home, "PATH": "/usr/bin:/bin", "TMPDIR": home, "DOORWARD_BUILD": build, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
                           "E2E_PATIENCE": os.environ.get("E2E_PATIENCE", "30")}
            line = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "/usr/bin/python3", os.path.join(tests, "test_ordinary_user.py"), "inside"]
            result = subprocess.run(line, env=environment, cwd=home, capture_output=True, text=True, timeout=300)
            sys.stdout.write(result.stdout)
            self.assertEqual(result.returncode, 0, result.stderr[-6000:])


def inside():
    import oracle
    from attacks import frames, heads, messages
    from test_attacks_heads import furnished

    assert os.geteuid() == USER
    rows = heads.all_rows()[:: SLICES["heads"]] + list(messages.http_rows())[:: SLICES["json"]]
    rows += list(messages.socket_rows())[:: SLICES["socket"]] + list(frames.rows())[:: SLICES["frames"]]
    with furnished() as house:
        token = house.token(client="attacker")
        house.serve()
        judge = oracle.Judge(house, token)
        judge.judge(rows)
        judge.search()
        assert not judge.faults, judge.report()
        address = ("127.0.0.1", house.port)
        answer = client.exchange(address, client.post(house.port, token, client.call("echo", {"text": "plain"})))
        assert answer.json()["result"]["content"][0]["text"] == "plain", answer
        answer = client.speak(house.port, token, client.call("echo", {"text": "socket"}))
        assert answer.message["result"]["content"][0]["text"] == "socket", answer
        bridge = house.popen("connect", "trip", stdin=-1, stdout=-1, stderr=-1)
        out, err = bridge.communicate((json.dumps(client.call("echo", {"text": "stdio"})) + "\n").encode(), 30)
        assert b'"stdio"' in out, (out, err)
        # Nothing of it runs as anybody else, and its servers are confined as root's are.
        for pid in house.pids():
            uid = next(line for line in open(f"/proc/{pid}/status") if line.startswith("Uid:")).split()[1]
            assert int(uid) == USER, (pid, uid, houses.command_line(pid))
        rooms = house.status()["broker"]["rooms"]
        weak = {room["name"]: {layer: state for layer, state in room["confinement"].items() if state.startswith("missing") and layer != "cgroup"} for room in rooms}
        assert not any(weak.values()), weak
        house.stop()
        house.check_audit()
    print(f"{judge.rows_run} attacks and three honest calls as uid {USER}")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        unittest.main()
