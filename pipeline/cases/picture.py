"""The verdict's picture: a row for each suspect with every reference, the known copies, the suspect itself and the
threshold.
"""

import io
import os

from pipeline.cases.verdict import COPY, Verdict

COLOURS = {"reference": "#6b7280", "known copy": "#d97706", "suspect": "#1d4ed8", COPY: "#b91c1c"}


def picture(verdicts: list[Verdict]) -> str:
    """An SVG; the same verdicts give the same bytes."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "sac", "font.size": 9, "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=(8, 1.1 + 0.62 * max(1, len(verdicts))), layout="constrained")
        axes = figure.subplots()
        for row, verdict in enumerate(verdicts):
            _draw(axes, row, verdict)
        axes.set_yticks(range(len(verdicts)), [verdict.finding.suspect for verdict in verdicts])
        axes.set_ylim(len(verdicts) - 0.4, -0.6)
        axes.set_xlabel("score: higher is closer to the source; each row compares answers in the suspect's own form")
        _legend(axes)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode()
    return text[text.index("<svg") :]


def _draw(axes: object, row: int, verdict: Verdict) -> None:
    found = verdict.finding
    plot = axes.plot  # type: ignore[attr-defined]
    references, copies = list(found.references.values()), list(found.known_copies.values())
    plot(references, [row] * len(references), "|", color=COLOURS["reference"], markersize=12)
    plot(copies, [row] * len(copies), "D", color=COLOURS["known copy"], markersize=5)
    if verdict.threshold is not None:
        plot([verdict.threshold] * 2, [row - 0.38, row + 0.38], "--", color="black", linewidth=1)
    if found.score is not None:
        plot([found.score], [row], "o", color=COLOURS[COPY if verdict.verdict == COPY else "suspect"], markersize=8)


def _legend(axes: object) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLOURS["reference"], marker="|", linestyle="", markersize=12, label="reference"),
        Line2D([], [], color=COLOURS["known copy"], marker="D", linestyle="", label="known copy"),
        Line2D([], [], color=COLOURS[COPY], marker="o", linestyle="", label="suspect: copy"),
        Line2D([], [], color=COLOURS["suspect"], marker="o", linestyle="", label="suspect: no copy shown"),
        Line2D([], [], color="black", linestyle="--", label="threshold"),
    ]
    axes.figure.legend(handles=handles, loc="outside upper center", ncols=5, frameon=False)  # type: ignore[attr-defined]
