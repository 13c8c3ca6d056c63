"""What every other room stands on: errors, files, names, parameters, and running jobs in parallel. Knows no torch."""
