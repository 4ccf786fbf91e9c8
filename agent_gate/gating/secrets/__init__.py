"""What the gate `secrets` looks for beside the patterns of `domain/secret.py`: files, and what is allowed."""
