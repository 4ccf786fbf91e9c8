"""`python -m agent_gate` is `agent-gate`."""

import sys

if (
    not sys.flags.safe_path
):  # the folder that it was started in holds the judged code: nothing is imported from there
    del sys.path[0]

from agent_gate.cli import main

if __name__ == "__main__":
    main()
