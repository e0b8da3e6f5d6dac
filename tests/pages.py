"""Pages for the client, as a browser finds them, and texts that would act in them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import strategies as st

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "<a href='javascript:x'>y</a>",
    "<iframe src='http://127.0.0.1/'></iframe>", "<style>@import 'http://127.0.0.1/'</style>", "<form action=x>", "-->",
    "<div style='background:url(http://127.0.0.1/x)'>", "<div style='position:fixed;top:0'>", "<p onclick=x>", "]]>",
    "<details ontoggle=x open>", "<math><mtext><table><mglyph><style><img src=x onerror=x>", "{{ 7*7 }}", "\x1b[2J",
    "<th scope='javascript:x'>", "<div style='width:expression(alert(1))'>", "<base href='http://127.0.0.1/'>",
    "\u202e",
    "<div style='background:\\75rl(http://127.0.0.1)'>", "<noscript><p title='</noscript><img src=x onerror=x>'>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1'>", "![x](http://127.0.0.1/x)", "[y](javascript:z)",
]  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=10), max_size=6).map("".join)


class Found(HTMLParser):
    """The elements and attributes of a page, as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def acts(text: str) -> list[str]:
    """What in a page of ours would act, load or lead elsewhere."""
    found = Found(text)
    allowed = {"class", "style", "scope", "open", "lang", "charset", "http-equiv", "content", "name"}
    strange = [f"{name}={value}" for name, value in found.attributes if name not in allowed]
    styles = [
        value for name, value in found.attributes if name == "style" if re.search(r"url|position|expr|@|\\", value)
    ]
    tags = {"script", "img", "a", "iframe", "svg", "math", "form", "base", "object", "link", "button", "noscript"}
    return [*strange, *styles, *(tag for tag in found.tags if tag in tags)]
