"""``python -m statmech`` is the command `statmech`."""

from statmech.cli import app

if __name__ == "__main__":
    app()
