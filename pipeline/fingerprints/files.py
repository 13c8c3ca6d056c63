"""Scores of files of outputs, block by block and in parallel: no process ever holds all answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pipeline.core.errors import BadInput
from pipeline.core.executor import run_in_order
from pipeline.core.seal import Origin, verify
from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.redraws import Redrawn, ranked, redraw_scores
from pipeline.fingerprints.scoring import score_frame
from pipeline.outputs.streaming import Block, count_blocks, read_blocks
from pipeline.outputs.table import write_tables


@dataclass(frozen=True)
class Scored:
    """What a block gave: of which file it is, a frame of scores for each method of probes, and scores on redraws."""

    file: Path
    frames: list[pd.DataFrame]
    redrawn: list[Redrawn]


@dataclass(frozen=True)
class Score:
    """The function that workers run: the scores of a block. redraws: how many; 0 for none."""

    task: str
    comparisons: dict[str, Comparing]
    counts: tuple[int, ...] = ()
    redraws: int = 0
    named: tuple[Fingerprint, ...] = ()

    def __call__(self, job: tuple[Path, Block]) -> Scored:
        """All fingerprints of the block's own suspects."""
        file, block = job
        frames = [score_frame(self.task, answers, self.comparisons, self.counts, block.suspects) for answers in block.answers]
        redrawn = [
            one
            for answers in block.answers
            if self.redraws
            for one in redraw_scores(answers, self.comparisons, self.redraws, self.named, block.suspects)
        ]
        return Scored(file, [frame for frame in frames if len(frame)], redrawn)


def score_files(score: Score, files: Iterable[Path]) -> Iterator[Scored]:
    """The scores of all suspects, in the order of the files and of the blocks in them."""
    files = list(files)
    total = sum(count_blocks(file) for file in files)
    return run_in_order(score, ((file, block) for file in files for block in read_blocks(file)), "scoring", total)


def write_scored(scored: Iterable[Scored], task: str, of: Origin, scores: Path, redraws: Path) -> None:
    """Write scores as they come, and then the ranks on redraws. of: what they were made from.

    Raises BadInput if there are no scores.
    """
    ranks: list[pa.Table] = []

    def tables() -> Iterator[pa.Table]:
        for _, parts in groupby(scored, key=lambda one: one.file):
            redrawn: list[Redrawn] = []
            for one in parts:
                yield from (pa.Table.from_pandas(frame, preserve_index=False) for frame in one.frames)
                redrawn += one.redrawn
            ranks.append(pa.Table.from_pandas(ranked(task, redrawn), preserve_index=False))

    found = tables()
    first = next(found, None)
    if first is None:
        raise BadInput("no suspect answered any probes: there is nothing to score")
    write_tables(scores, chain([first], found), of)
    write_tables(redraws, [table for table in ranks if len(table)] or ranks[:1], of | {"scores": verify(scores).digest})
