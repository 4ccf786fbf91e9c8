"""What a change does to the things that judge it: tests, configuration, suppressions, and the text itself.

Pure functions over file diffs. `examine.py` is the door; each topic has a file of its own.
"""
