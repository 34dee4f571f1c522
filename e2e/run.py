# SPDX-License-Identifier: Apache-2.0
"""Runs every e2e/test_*.py in a process of its own, with a time limit, and writes .build/test-results/e2e.json.

As root each file gets a pid namespace of its own: so processes can be counted by their numbers, and none is left.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE.parent / ".build" / "test-results"
# For one file; the whole run is meant to stay under twelve minutes on two cores.
LIMIT_SECONDS = float(os.environ.get("E2E_LIMIT", "420"))


class Result(unittest.TextTestResult):
    """Notes each test with its time, its end and the reason of a skip."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.tests = []

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def note(self, test, outcome, reason=""):
        seconds = round(time.monotonic() - getattr(self, "began", time.monotonic()), 2)
        self.tests.append({"name": test.id(), "outcome": outcome, "reason": reason, "seconds": seconds})

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "failed", str(error[1])[:2000])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, "failed", str(error[1])[:2000])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.note(subtest, "failed", str(error[1])[:2000])

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.note(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "failed", "it was expected to fail")


def run_file(name, output):
    """In the child: the tests of one file."""
    sys.path.insert(0, str(HERE))
    result = None
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
    finally:
        tests = result.tests if result else []
        if not tests:
            tests = [{"name": name, "outcome": "failed", "reason": "no test ran", "seconds": 0}]
        pathlib.Path(output).write_text(json.dumps(tests))
    return 0 if result and result.wasSuccessful() else 1


def has_namespaces():
    return os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "--fork", "--pid", "--mount-proc", "true"], capture_output=True).returncode == 0


def main():
    pattern = os.environ.get("E2E_ONLY", "")
    names = [path.stem for path in sorted(HERE.glob("test_*.py")) if pattern in path.stem]
    RESULTS.mkdir(parents=True, exist_ok=True)
    prefix, environment = [], dict(os.environ)
    if has_namespaces():
        prefix = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]
        environment["E2E_PID_NAMESPACE"] = "1"
    else:
        print("no pid namespaces: started processes are counted by their marks alone", flush=True)
    began = time.monotonic()
    tests = []
    for name in names:
        print(f"== {name}", flush=True)
        output = RESULTS / f".{name}.tests"
        output.unlink(missing_ok=True)
        process = subprocess.Popen(
            [*prefix, sys.executable, "-u", str(HERE / "run.py"), name, str(output)], env=environment)
        try:
            process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if output.exists():
            found = json.loads(output.read_text())
            output.unlink()
            if process.returncode != 0 and all(test["outcome"] != "failed" for test in found):
                found.append({"name": name, "outcome": "failed", "reason": f"ended with status {process.returncode}", "seconds": 0})
            tests += found
        else:
            tests.append({"name": name, "outcome": "failed", "reason": f"did not end in {LIMIT_SECONDS:.0f} s, or died", "seconds": LIMIT_SECONDS})
    report = {
        "suite": "e2e",
        "passed": sum(test["outcome"] == "passed" for test in tests),
        "failed": sum(test["outcome"] == "failed" for test in tests),
        "skipped": [[test["name"], test["reason"]] for test in tests if test["outcome"] == "skipped"],
        "seconds": round(time.monotonic() - began, 1),
        "tests": tests,
    }
    # A selection is no result of the suite.
    place = RESULTS / ("e2e.json" if not pattern else "e2e-selection.txt")
    place.write_text(json.dumps(report, indent=1) + "\n")
    print(f"e2e: {report['passed']} passed, {report['failed']} failed, {len(report['skipped'])} skipped in {report['seconds']} s")
    for test in tests:
        if test["outcome"] == "failed":
            print(f"FAILED {test['name']}: {test['reason'][:400]}")
        if test["outcome"] == "skipped":
            print(f"SKIPPED {test['name']}: {test['reason']}")
    return 1 if report["failed"] or not tests else 0


if __name__ == "__main__":
    sys.exit(run_file(*sys.argv[1:]) if len(sys.argv) == 3 else main())
