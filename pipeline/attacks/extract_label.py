"""Label extraction: a fresh network trained on the source's top-1 answers.

SAC-JC, section 4.1 "Model Extraction": L = CE(f_stolen(x), l_source). The authors query the source on every augmented
view; `query` says whether to do so or to ask once for each image.
"""

from pipeline.training.maker import Extraction


class Attack(Extraction):
    """The half's true labels are never read."""
