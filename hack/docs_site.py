"""Build the pages of this checkout as a site, in build/site. Run it with `make docs`.

mkdocs.yml lists the pages. They are copied to build/pages with the files that they link, on the
paths that they have here, so every relative link is right in both places. The build is strict: a
dead link ends it. Then the built pages are read: every anchor exists, and no page loads anything
from another host.
"""

from __future__ import annotations

import html.parser
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = ROOT / "mkdocs.yml"
HERE = "http://site.invalid"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""The attribute by which a browser loads something, by tag."""
NOT_LOADED = frozenset({"canonical", "next", "prev", "edit"})
"""Values of `rel` with which a link loads nothing."""

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_URL = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?P<url>(?:https?:)?//[^"')\s]+)""")


def config() -> dict[str, Any]:
    """The content of mkdocs.yml."""
    content: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    return content


def listed(nav: Any) -> Iterator[str]:
    """The pages of a nav, by their paths in the checkout."""
    if isinstance(nav, str):
        yield nav
    for child in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from listed(child)


def linked(page: str) -> Iterator[str]:
    """The files of the checkout that a page links or shows, by their paths."""
    for match in _LINK.finditer(_FENCE.sub("", (ROOT / page).read_text())):
        path = match["target"].partition("#")[0]
        if path and "://" not in path:
            yield str(((ROOT / page).parent / path).resolve().relative_to(ROOT))


def sources() -> list[str]:
    """Every file of the site's source: the pages, and the files that they link."""
    pages = list(listed(config()["nav"]))
    return sorted({*pages, *(path for page in pages for path in linked(page))})


def gather(target: pathlib.Path) -> None:
    """Copy the sources to a folder, which holds nothing else then. The build names missing ones."""
    shutil.rmtree(target, ignore_errors=True)
    for path in filter(lambda path: (ROOT / path).is_file(), sources()):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target / path)


class Page(html.parser.HTMLParser):
    """The anchors, links and loaded addresses of a built page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = [match["url"] for match in _URL.finditer(text)]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        rel = set(values.get("rel", "").split())
        if tag in LOADED and LOADED[tag] in values and not rel & NOT_LOADED:
            self.loads.append(values[LOADED[tag]])


def problems(pages: Mapping[str, Page]) -> Iterator[str]:
    """Anchors that do not exist, and loads from other hosts, of pages by their paths."""
    for path, page in pages.items():
        for address in page.loads:
            if urllib.parse.urlsplit(address).netloc:
                yield f"{path} loads {address}"
        for link in page.links:
            parts = urllib.parse.urlsplit(urllib.parse.urljoin(f"{HERE}/{path}", link))
            target = pages.get(urllib.parse.unquote(parts.path).lstrip("/"))
            anchor = urllib.parse.unquote(parts.fragment)
            here = f"{parts.scheme}://{parts.netloc}" == HERE
            if here and anchor and target and anchor not in target.anchors:
                yield f"{path} links {link}: there is no such anchor"


def built(site: pathlib.Path) -> dict[str, Page]:
    """The built pages, by their paths; 404.html is left out, because it has no place of its own."""
    return {
        str(file.relative_to(site)): Page(file.read_text())
        for file in sorted(site.rglob("*.html"))
        if file.name != "404.html"
    }


def main() -> int:
    """Build, check, and say where the site is."""
    target, site = (ROOT / config()[key] for key in ("docs_dir", "site_dir"))
    gather(target)
    shutil.rmtree(site, ignore_errors=True)
    command = [str(pathlib.Path(sys.executable).parent / "zensical")]
    command += ["build", "--strict", "--clean", "-f", str(CONFIG)]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        return code
    pages = built(site)
    mistakes = list(problems(pages))
    for path in sorted(site.rglob("*.css")):
        mistakes += [f"{path.name} loads {m['url']}" for m in _URL.finditer(path.read_text())]
    if not pages:
        mistakes.append(f"{site} has no page")
    sys.stdout.write("".join(f"{mistake}\n" for mistake in mistakes))
    sys.stdout.write(f"{len(pages)} pages: {(site / 'index.html').relative_to(ROOT)}\n")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
