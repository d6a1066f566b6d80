# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the documentation site: the plugins' pages by antsibull-docs, the guides by myst-parser, and check every link in it.

Links to the repository lead to files of this checkout. Those to other places are only looked at with --online.
"""

from __future__ import annotations

import argparse
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

import yaml

HERE = pathlib.Path(__file__).parent
COLLECTION = "cloudsec.securityhub"
ADDRESS = yaml.safe_load(pathlib.Path("galaxy.yml").read_text(encoding="utf-8"))["repository"]
REPOSITORY = f"{ADDRESS}/blob/main/"
RAW = f"{ADDRESS.replace('github.com', 'raw.githubusercontent.com')}/main/"
PAGES = ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md")
CONF = """
import sys
sys.path.insert(0, {here!r})
extensions += ["myst_parser", "site_conf"]
intersphinx_mapping = {{}}
myst_heading_anchors = 4
# Settings, YAML with templates and playbooks of rulebooks are not each a language of their own
suppress_warnings = ["misc.highlighting_failure"]
"""


class Page(html.parser.HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """An element."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.add(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def sources(root, folder):
    """Copy the guides, with links to one another where the repository has links to itself."""
    (folder / "docs").mkdir(parents=True)
    for page in [*(root / name for name in PAGES), *sorted((root / "docs").glob("*.md"))]:
        kept = page.relative_to(root)
        text = page.read_text(encoding="utf-8")
        up = "../" * (len(kept.parts) - 1)
        text = re.sub(rf"\]\({re.escape(REPOSITORY)}((?:docs/)?\w+\.md)(#[\w-]+)?\)", rf"]({up}\1\2)", text)
        text = text.replace(f"]({RAW}docs/images/", f"]({up}docs/images/")
        (folder / kept).write_text(text, encoding="utf-8")
    shutil.copytree(root / "docs" / "images", folder / "docs" / "images")


def make(root, site):
    """Make the site; the folder with its pages. Raises CalledProcessError."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)

    def run(*command, **options):
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, **options)

    about = ["--project", COLLECTION, "--copyright", "Contributors to the cloudsec.securityhub project", "--title", COLLECTION]
    index = ["--index-rst-source", str(HERE / "index.rst")]
    run("antsibull-docs", "sphinx-init", "--use-current", "--fail-on-error", "--dest-dir", str(site), *about, *index, COLLECTION, stdout=subprocess.DEVNULL)
    with open(site / "conf.py", "a", encoding="utf-8") as conf:
        conf.write(CONF.format(here=str(HERE)))
    sources(root, site / "rst")
    # As sphinx-init's build.sh, but for its sphinx-build, which says a lot
    (site / "rst").chmod(0o700)
    options = ["--cleanup", "similar-files", "--fail-on-error", "--use-current", "--dest-dir", "rst"]
    run("antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", *options, COLLECTION, cwd=site)
    run("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "-W", "--keep-going", "--quiet", cwd=site)
    return site / "build" / "html"


def broken_links(root, pages):
    """How many pages there are; in words, each link that leads nowhere; and the links to other places, which nobody has looked at."""
    read = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(pages.rglob("*.html"))}
    broken, elsewhere = [], set()
    for path, page in read.items():
        for link in sorted(page.links):
            address, _hash, anchor = link.partition("#")
            in_repository = next((address.removeprefix(prefix) for prefix in (REPOSITORY, RAW) if address.startswith(prefix)), None)
            if in_repository is not None:
                good = (root / in_repository).exists()
            elif urllib.parse.urlsplit(address).scheme:
                elsewhere.add(address)
                continue
            else:
                file = urllib.parse.unquote(address.partition("?")[0])
                target = (path.parent / file).resolve() if file else path
                good = target.exists() and (not anchor or target not in read or urllib.parse.unquote(anchor) in read[target].anchors)
            if not good:
                broken.append(f"{path.relative_to(pages)}: {link}")
    return len(read), broken, elsewhere


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, help="the folder for the site")
    parser.add_argument("--online", action="store_true", help="have Sphinx look at the links to other places too")
    args = parser.parse_args()

    root, site = pathlib.Path.cwd(), pathlib.Path(args.output).absolute()
    try:
        pages = make(root, site)
        if args.online:
            subprocess.run(["sphinx-build", "-M", "linkcheck", "rst", "build", "-c", ".", "--quiet"], cwd=site, stdin=subprocess.DEVNULL, check=True)
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{os.path.basename(failed.cmd[0])} {failed.cmd[1]} failed, see above.")
    count, broken, elsewhere = broken_links(root, pages)
    for line in broken:
        print(line)
    looked_at = "were looked at" if args.online else "were not looked at (ARGS=--online)"
    print(f"{count} pages, {len(broken)} broken links; {len(elsewhere)} links to other places {looked_at}.")
    print(pages / "index.html")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
