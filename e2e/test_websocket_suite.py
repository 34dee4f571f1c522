# SPDX-License-Identifier: Apache-2.0
"""The Autobahn suite against our WebSocket code; it needs a Python 2.7, and says so where there is none."""
import os
import pathlib
import signal
import subprocess
import sys
import unittest

RUN = pathlib.Path(__file__).resolve().parent / "autobahn" / "run"


class AutobahnTest(unittest.TestCase):
    def test_247_cases(self):
        # The first run builds the program under test and installs the suite; later ones take half a minute.
        process = subprocess.Popen(
            [sys.executable, str(RUN)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = process.communicate(timeout=400)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.fail("it did not end in time\n" + out + err)
        if process.returncode == 77:
            self.skipTest(err.strip().splitlines()[-1])
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("247 cases", out)


if __name__ == "__main__":
    unittest.main()
