# SPDX-License-Identifier: Apache-2.0
"""The Autobahn suite against our WebSocket code; it needs a Python 2.7, and says so where there is none."""
import pathlib
import subprocess
import sys
import unittest

RUN = pathlib.Path(__file__).resolve().parent / "autobahn" / "run"


class AutobahnTest(unittest.TestCase):
    def test_247_cases(self):
        done = subprocess.run([sys.executable, str(RUN)], capture_output=True, text=True, timeout=400)
        if done.returncode == 77:
            self.skipTest(done.stderr.strip().splitlines()[-1])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("247 cases", done.stdout)


if __name__ == "__main__":
    unittest.main()
