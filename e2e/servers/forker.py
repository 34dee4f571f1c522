# SPDX-License-Identifier: Apache-2.0
"""A server that leaves its own session behind in processes that ignore every polite signal, and then serves as usual.

    forker.py TRIPWIRE DIRECTORY
"""
import os
import runpy
import signal
import sys

for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            signal.pause()

script = sys.argv[1]
sys.argv[:] = sys.argv[1:]
runpy.run_path(script, run_name="__main__")
