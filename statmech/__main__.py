"""``python -m statmech`` is the command `statmech`."""

from statmech.cli.main import app

if __name__ == "__main__":
    app()
