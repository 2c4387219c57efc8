"""Where the vectors are: those made for this project lie here, the others beside the repository."""

from pathlib import Path

HERE = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[2].parent / "shared" / "vectors"

ABSENT = "no ../shared/vectors: lay the project's folder `shared` beside this repository"
"""Why what needs them is skipped."""
