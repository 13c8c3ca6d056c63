"""What a task is: its typed section of params.yaml, how its models are trained, and its watermark. Knows no torch."""
