"""Answers: asking models, and the table in which they are kept. The table knows no torch."""
