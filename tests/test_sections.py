"""One list of sections, two writers; and whatever is written in a name is shown as it is written."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from pipeline.fingerprints.naming import Fingerprint
from pipeline.metrics.statistics import Statistics
from pipeline.reports import markdown
from pipeline.reports.material import Material
from pipeline.reports.published import COLUMNS
from pipeline.reports.report import write_report
from pipeline.reports.section import Document, Section
from pipeline.reports.tables import Attack

HOSTILE = (
    "<b onclick=x>&lt;*it* _is_ **`c`** [l](http://e.org) ![i](j) | ~~s~~ \\ "
    "https://e.org www.e.org $x$ <script>alert(1)</script>"
)
ARCHS = ("vgg", "resnet", "densenet", "mobilenet")


class Seen(HTMLParser):
    """The tags and the text of a page, without its script and style."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.inside = [], "", ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.text += data


def material(name):
    """A task in which everything that has a name is called `name`."""
    draw = np.random.default_rng(0)
    rows, attacks = [], []
    for attack, stolen, level in (("irrelevant", False, 0.0), ("finetune_all", True, 3.0), (f"{name} attack", True, 1.0)):
        models = [
            {
                "suspect": f"{attack}-{arch}-{seed}-{name}",
                "attack": attack,
                "arch": arch,
                "seed": seed,
                "variant": name,
                "train_accuracy": 1.0,
                "test_accuracy": 0.8,
                "key": "k",
            }
            for arch in ARCHS
            for seed in (0, 1)
        ]
        attacks.append(Attack(attack, "task", stolen, None, {"images": 5, "classes": 2}, models))
        rows += [{**model, "score": level + draw.normal()} for model in models]
    attacks.append(Attack("transfer_all", "transfer", True, name, {}, []))
    scores = pd.DataFrame(rows)[["attack", "arch", "seed", "variant", "suspect", "score"]].assign(
        task="made", method="jpeg", representation="logits", comparison="cosine_l1", references="", count=10
    )
    matching = scores.assign(comparison="matching", score=0.5)
    fingerprint = Fingerprint(method="jpeg")
    typed = pd.DataFrame(
        [["p", "t", "made", "finetune_all", name, metric, "0.9"] for metric in ("auc", "f1", "p_value")], columns=COLUMNS
    )
    return Material(
        "made",
        name,
        pd.concat([scores, matching]),
        attacks,
        typed,
        {name: fingerprint},
        fingerprint,
        Statistics(),
        {"jpeg": {"probes": 10, "facts": {name: 1.0}}},
        [],
        pd.DataFrame(columns=["fingerprint", "attack", "stolen"]),
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The report with hostile names, and the same with harmless ones."""
    folder = tmp_path_factory.mktemp("reports")
    for place, name in (("hostile", HOSTILE), ("plain", "plain name")):
        write_report(material(name), folder / place)
    return folder


def seen(text):
    parser = Seen()
    parser.feed(text)
    return parser


def rendered(text):
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


def test_markup_in_names_is_text_on_the_page(reports):
    hostile, plain = (seen((reports / name / "index.html").read_text()) for name in ("hostile", "plain"))
    kinds = [[tag for tag, _ in page.tags] for page in (hostile, plain)]
    assert sorted(kinds[0]) == sorted(kinds[1]) and "b" not in kinds[0]
    assert not [attrs for _, attrs in hostile.tags if "onclick" in attrs] and HOSTILE in hostile.text


def test_markup_in_names_is_text_in_markdown(reports):
    texts = [(reports / name / "tables/report.md").read_text() for name in ("hostile", "plain")]
    hostile, plain = (seen(rendered(text)) for text in texts)
    assert sorted(tag for tag, _ in hostile.tags) == sorted(tag for tag, _ in plain.tags)
    assert HOSTILE in hostile.text and "https://" not in texts[0] and "www." not in texts[0]
    assert "a" not in [tag for tag, _ in hostile.tags]


def test_figures_hold_names_as_text(reports):
    for file in (reports / "hostile/figures").glob("*.svg"):
        assert "<script>" not in file.read_text() and "onclick=x>&" not in file.read_text().replace("&lt;b onclick=x&gt;", "")


def test_both_writers_show_the_same_sections(reports):
    page, text = seen((reports / "plain/index.html").read_text()), (reports / "plain/tables/report.md").read_text()
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert [attrs["id"] for tag, attrs in page.tags if tag == "section"] and len(headings) > 8
    assert all(markdown.escape(heading) and heading in page.text for heading in headings)
    assert len(headings) == sum(tag == "section" for tag, _ in page.tags)


def test_the_same_report_has_the_same_bytes(reports, tmp_path):
    write_report(material("plain name"), tmp_path / "again")
    for file in (path for path in (reports / "plain").rglob("*") if path.is_file()):
        assert (tmp_path / "again" / file.relative_to(reports / "plain")).read_bytes() == file.read_bytes(), file


def test_figure_four_is_drawn_for_jpeg_whatever_is_chosen():
    own = material("SAC-JC")
    clean = own.scores[own.scores["comparison"] == "cosine_l1"].assign(method="clean")
    chosen = replace(own, scores=pd.concat([own.scores, clean]), asked=Fingerprint(method="clean"))
    assert chosen.chosen.method == "clean" and chosen.compressed == ("SAC-JC", Fingerprint(method="jpeg"))


def test_a_section_without_anything_is_empty():
    assert Section("a", "A", "a note").empty and Section("a", "A", table=pd.DataFrame(columns=["x"])).empty
    assert not Section("a", "A", points=["so"]).empty and not Section("a", "A", table=pd.DataFrame({"x": ["1"]})).empty


def test_markdown_is_a_table():
    assert markdown.table(pd.DataFrame({"a": ["1"], "b_c": ["2|3"]})) == "| a | b_c |\n| --- | --- |\n| 1 | 2\\|3 |\n"
    document = Document("T", "about", "won", [Section("s", "S", "so", points=["one", "two"])])
    assert markdown.write(document, "../") == "# T\n\nabout\n\n**won**\n\n## S\n\nso\n\n- one\n- two\n"
