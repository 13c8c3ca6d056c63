"""An owner's case: is this suspect a copy of mine? Enroll a model, ask suspects, verify, and let anybody recheck."""
