"""Syntax trees in several threads."""

from __future__ import annotations

import subprocess
import sys

CROWD = """\
import ast, gc, sys, threading
from agent_gate.syntax import parse_python

source = "\\n".join(f"def f{n}(a):\\n    return [a, {{1: (a, [b for b in a if b])}}]\\n" for n in range(200))
gc.callbacks.append(lambda *_: [None for _ in range(50)])
gc.set_threshold(5)
sys.setswitchinterval(1e-6)
failed = []

def parse():
    for _ in range(20):
        try:
            parse_python(source)
        except SystemError as error:
            failed.append(error)

threads = [threading.Thread(target=parse) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(failed))
"""


def test_threads_do_not_disturb_each_other() -> None:
    """With `ast.parse` itself some of the 80 fail on Python 3.11."""
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
