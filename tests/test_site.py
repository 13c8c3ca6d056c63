"""`make docs`: the pages as a site, built strictly, that loads nothing from elsewhere."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from benchmarks.site_files import linked
from tests.imports import ROOT

pytestmark = pytest.mark.slow  # a built site

CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
NAVIGATION = [page for entry in CONFIG["nav"] for page in entry.values()]


def built(folder, site):
    """What `mkdocs build --strict` says of the repository in `folder`."""
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = built(ROOT, folder)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stdout + done.stderr
    return folder


def test_every_page_of_the_docs_is_in_the_navigation():
    own = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")}
    assert own | {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(NAVIGATION) and NAVIGATION[0] == "README.md"


def test_every_page_is_built_and_readme_is_the_home(site):
    for page in NAVIGATION:
        assert (site / page.replace("README.md", "index.md")).with_suffix(".html").is_file(), page
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "Is this suspect model a copy of mine?" in home and 'src="reports/fashion_mini/figures/averages.svg"' in home
    assert {f"docs/{name}.html" for name in ("reproduce", "vary", "cases")} <= set(re.findall(r'href="([^"#]+)"', home))


def test_every_link_of_the_site_leads_to_a_file_of_it(site):
    for page in site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#?]+)', page.read_text(encoding="utf-8")):
            if page.name != "404.html" and "://" not in link and not link.startswith(("data:", "mailto:")):
                assert (page.parent / link).resolve().exists(), f"{page.relative_to(site)}: {link}"


def test_the_site_loads_nothing_from_elsewhere(site):
    loads = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"')
    for page in site.rglob("*.html"):
        assert not loads.findall(page.read_text(encoding="utf-8")), page
    assert not [page for page in site.rglob("*.css") if re.search(r"url\([\"']?https?:", page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("link", ["nowhere.md", "vary.md#nowhere"])
def test_a_link_that_leads_nowhere_stops_the_build(link, tmp_path):
    copy = tmp_path / "repository"
    for name in [*linked(ROOT, NAVIGATION), "mkdocs.yml", "benchmarks/site_files.py"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    page = copy / "docs/review.md"
    page.write_text(page.read_text(encoding="utf-8") + f"\n[there]({link})\n", encoding="utf-8")
    done = built(copy, tmp_path / "site")
    assert done.returncode != 0 and "docs/review.md" in done.stderr and "nowhere" in done.stderr


def test_what_pages_link_to_is_found_however_far(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("[a](docs/a.md#there) [b](https://b.example)\n```\n[c](c.md)\n```\n")
    (tmp_path / "docs/a.md").write_text("![d](../d.svg) [none](none.md) [out](../../out.md) [back](../README.md)")
    for name in ("c.md", "d.svg"):
        (tmp_path / name).touch()
    assert linked(tmp_path, ["README.md"]) == {"README.md", "docs/a.md", "d.svg"}
