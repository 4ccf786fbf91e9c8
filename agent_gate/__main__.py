"""`python -m agent_gate` is `agent-gate`."""

from agent_gate.cli import main

if __name__ == "__main__":
    main()
