"""The papers of a case: uploaded, combined, straightened, checked, counted."""
