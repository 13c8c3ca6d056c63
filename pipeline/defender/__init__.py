"""What the owner of the source makes: the source, the models that help him to make probes, and what they cost."""
