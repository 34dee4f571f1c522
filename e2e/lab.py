# SPDX-License-Identifier: Apache-2.0
"""A private network for tests of outbound traffic, from which nothing can leave and in which every address answers.

    with Lab() as lab:
        lab.run(["curl", "http://public.test/"])          # 200 from the other namespace
        lab.reset()
        ...
        lab.victims()                                      # what reached an address that nobody should reach
        lab.web()                                          # what the internet was asked

Namespace A holds the programs under test: the special addresses are on its loopback, every other address leads there
too, and VICTIM answers on them all. Namespace B, joined by a veth pair, is the internet: `public.test` and a few names
more. Names are answered on 127.0.0.1:53 of A by lab_names.py. Works as root and, where user namespaces are permitted,
for everybody.
"""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import house as houses

HERE = pathlib.Path(__file__).resolve().parent
PUBLIC, PUBLIC6, OTHER = "93.184.216.34", "2606:2800:220:1::34", "93.184.216.40"
# Of namespace A itself on the pair: public to look at, and the host's own all the same.
OWN, OWN6 = "93.184.216.33", "2606:2800:220:1::33"
CERTIFIED = ("public.test", "*.public.test", "other.test", "dual.test", "public6.test")
NAMESPACES = ("net", "mnt")


def _unshare_words():
    words = ["unshare", "--net", "--mount"]
    return words if houses.IS_ROOT else [*words, "--user", "--map-current-user", "--keep-caps"]


@functools.cache
def unavailable():
    """Why there can be no laboratory on this host, or nothing."""
    for tool in ("unshare", "nsenter", "ip", "openssl"):
        if shutil.which(tool) is None and not os.path.exists(f"/usr/sbin/{tool}"):
            return f"no laboratory: {tool} is not installed"
    result = subprocess.run([*_unshare_words(), "--", "sh", "-c", "ip link set lo up && ip link add inner type veth peer name outer"],
                            capture_output=True, text=True, env=_environment())
    return None if result.returncode == 0 else f"no laboratory: this host refuses namespaces: {result.stderr.strip()[:200]}"


def _environment():
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Lab(contextlib.AbstractContextManager):
    def __init__(self, scratch=None):
        self.scratch = pathlib.Path(scratch or tempfile.mkdtemp(prefix="doorward-lab-"))
        self.authority = self.scratch / "authority.pem"
        self._inodes = {}
        self._process = None
        self._keeper = None

    def __enter__(self):
        self.scratch.chmod(0o755)
        (self.scratch / "git").mkdir(exist_ok=True)
        (self.scratch / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (self.scratch / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        for name in ("resolv.conf", "hosts"):
            (self.scratch / name).chmod(0o644)
        self._certify()
        inner, inner_end = socket.socketpair()
        outer, outer_end = socket.socketpair()
        with inner_end, outer_end:
            self._process = subprocess.Popen(
                [*_unshare_words(), "--", sys.executable, str(HERE / "lab_inside.py"), str(inner_end.fileno()),
                 str(outer_end.fileno()), str(self.scratch)],
                pass_fds=[inner_end.fileno(), outer_end.fileno()], env=_environment(), stdin=subprocess.DEVNULL)
        self._channels = [inner, outer]
        for channel in self._channels:
            channel.settimeout(houses.PATIENCE)
        self._files = [channel.makefile("rw") for channel in self._channels]
        try:
            # Of the outer half first: a failure of either ends both.
            for file in reversed(self._files):
                if file.readline().strip() != '"ready"':
                    raise houses.HouseError("the laboratory did not come up")
            self._pids = [self._process.pid, self.inside("outside")]
            for pid in self._pids:
                self._inodes[os.stat(f"/proc/{pid}/ns/net").st_ino] = pid
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        """Ends every process that lives in these networks; they, and all that was in them, are gone with the last."""
        for file, channel in zip(self._files, self._channels):
            with contextlib.suppress(OSError, ValueError):
                file.close()
            channel.close()
        deadline = time.monotonic() + houses.PATIENCE
        while left := self.inhabitants():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise houses.HouseError(f"these will not leave the laboratory: {left}")
            time.sleep(0.01)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if not os.environ.get("E2E_KEEP"):
            shutil.rmtree(self.scratch, ignore_errors=True)

    def inhabitants(self):
        """Every running process whose network is one of the two."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    if os.stat(f"/proc/{entry}/ns/net").st_ino in self._inodes and houses.is_alive(int(entry)):
                        found.append(int(entry))
        return found

    # Running things

    def prefix(self, directory=None):
        """What to put before a command line, so that it runs in namespace A; the process number stays the same."""
        base = f"/proc/{self._pids[0]}/ns"
        words = ["nsenter", *(f"--{'mount' if kind == 'mnt' else kind}={base}/{kind}" for kind in NAMESPACES)]
        if not houses.IS_ROOT:
            words += [f"--user={base}/user", "--preserve-credentials"]
        return [*words, f"--wdns={directory or '/'}", "--"]

    def popen(self, line, cwd=None, env=None, **options):
        return subprocess.Popen([*self.prefix(cwd), *map(str, line)], env={**_environment(), **(env or {})}, **options)

    def run(self, line, input=None, timeout=None, text=True, **options):
        """Runs a program in namespace A to its end, output captured."""
        process = self.popen(line, stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, **options)
        try:
            out, err = process.communicate(input, timeout or houses.PATIENCE)
        except subprocess.TimeoutExpired:
            houses.kill_tree(process.pid)
            process.wait()
            raise houses.HouseError(f"{line} does not end in the laboratory")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    # What was seen

    def _order(self, index, do, **words):
        file = self._files[index]
        file.write(json.dumps({"do": do, **words}) + "\n")
        file.flush()
        answer = json.loads(file.readline())
        if isinstance(answer, dict) and "error" in answer:
            raise houses.HouseError(f"the laboratory: {answer['error']}")
        return answer

    def inside(self, do, **words):
        return self._order(0, do, **words)

    def reset(self):
        self._order(0, "reset")
        self._order(1, "reset")

    def change(self, name, *addresses, ttl=300):
        """From now on the name has these addresses."""
        self.inside("change", name=name, addresses=addresses, ttl=ttl)

    def victims(self):
        """`connections` accepted by port, `hits` with what they said, `asked` of the name server."""
        return self.inside("count")

    def packets(self, names=False):
        """What left namespace A since the last reset, as {(protocol, address, port)}, without questions to its names."""
        found = {tuple(key): number for *key, number in self.inside("count")["packets"]}
        return found if names else {key: number for key, number in found.items() if key[1:] != ("127.0.0.1", 53)}

    def web(self):
        """`connections` by port, `hits`, server `names` of TLS, and what pages `posted`, all of the internet's side."""
        return self._order(1, "count")

    # What the internet serves

    def _certify(self):
        """An authority of the tests, and one certificate for the names of the laboratory."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.scratch, check=True, capture_output=True)

        names = ",".join([f"DNS:{name}" for name in CERTIFIED] + [f"IP:{PUBLIC}", f"IP:{PUBLIC6}"])
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2",
                "-subj", "/CN=laboratory", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign")
        openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=public.test")
        (self.scratch / "extensions").write_text(
            f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
            "authorityKeyIdentifier=keyid\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
                "-out", "server.pem", "-days", "2", "-extfile", "extensions")
        self.authority.chmod(0o644)

    def serve_repository(self, name="poems"):
        """A git repository with one commit under http://public.test/git/NAME.git, to be cloned the simple way."""
        bare = self.scratch / "git" / f"{name}.git"
        work = self.scratch / f"{name}-work"
        environment = {**_environment(), "HOME": str(self.scratch), "GIT_CONFIG_NOSYSTEM": "1"}

        def git(*words):
            subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *map(str, words)], check=True,
                           capture_output=True, env=environment)

        git("init", "-q", "-b", "main", work)
        (work / "poem.txt").write_text("a door and a word\n")
        git("-C", work, "add", "poem.txt")
        git("-C", work, "commit", "-q", "-m", "Write the poem")
        git("clone", "-q", "--bare", work, bare)
        git("-C", bare, "update-server-info")
        return f"http://public.test/git/{name}.git"
