"""A spec while it is being written: the questions, the draft, and where drafts are kept. No screen knows of it alone."""
