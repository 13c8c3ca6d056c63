"""params.yaml and dvc.yaml as a whole, before anything runs."""
