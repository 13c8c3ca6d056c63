"""The verdict as one HTML file that opens offline: verdicts, what they rest on, what they prove and what they do not."""

from pathlib import Path

from pipeline.cases.measured import measured_rate
from pipeline.cases.verifying import Judgement

TEMPLATE = Path(__file__).parent / "verdict.html"


def page(judged: Judgement, picture: str) -> str:
    """The page. Every name and text in it is escaped; the picture is an SVG of our own."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.3f}"
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    measured = {
        verdict.finding.suspect: measured_rate(
            verdict.finding.form.kind, verdict.finding.answered, len(verdict.finding.references)
        )
        for verdict in judged.verdicts
    }
    return template.render(
        judged=judged,
        enrolment=judged.enrolment,
        rule=judged.enrolment.rule,
        picture=Markup(picture),
        measured=measured,
        level=f"{judged.enrolment.rule.alpha:.0%}",
    )
