"""The commands. Whatever imports them as a stage of DVC asks first to end with it: start-up is long enough to be orphaned."""

import os

from pipeline.core.orphans import die_with_dvc

if "DVC_STAGE" in os.environ:
    die_with_dvc()
