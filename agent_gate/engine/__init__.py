"""The verbs of a run, and the place where everything is put together.

`advance` is the one core that the terminal UI and the headless commands both drive.
"""
