"""What a notebook shows, as HTML in which nothing acts: it may come from elsewhere."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from markupsafe import Markup
from nbconvert.filters import markdown2html, strip_ansi

from ..text import visible, without

# What our own views are made of, and what Markdown makes of prose: no link, picture, form, script, style or frame.
_TAGS = {
    "p", "br", "div", "span", "strong", "em", "small", "code", "pre", "ul", "ol", "li", "details", "summary", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "blockquote", "hr",
}  # fmt: skip
_STYLES = {
    "border", "border-left", "border-bottom", "border-collapse", "border-radius", "padding", "margin", "max-width",
    "width", "font-size", "font-weight", "font-family", "line-height", "text-align", "vertical-align", "color",
    "background", "white-space", "overflow-wrap", "word-break", "table-layout", "caption-side",
}  # fmt: skip
# No address, function or escape can stand in it, but a colour of JupyterLab's with our own in its place.
_STYLE = re.compile(r"(?:[a-zA-Z0-9 .,:;#%-]|var\(--jp-[a-z0-9-]+, #[0-9a-f]{6}\))*")
_SCOPES = ("row", "col")
_LIVES = [
    (re.compile(rf"<{tag}\b", re.IGNORECASE), re.compile(rf"</{tag}\s*>", re.IGNORECASE)) for tag in ("script", "style")
]
_LINK_TO_HEADING = (re.compile(r'<a class="anchor-link"'), re.compile(r"</a>"))


def prose(markdown: str) -> Markup:
    """A text cell."""
    return _clean(without(markdown2html(markdown), *_LINK_TO_HEADING))


def output(found: dict[str, Any]) -> Markup:
    """What a cell put out, in the richest form that we show; empty where there is none."""
    data = found.get("data", {})
    if html := text_of(data.get("text/html", "")):
        return _clean(html)
    plain = data.get("text/plain", "") or found.get("text", "") or found.get("traceback", "")
    lines = strip_ansi(text_of(plain, "\n" if found.get("traceback") else ""))  # type: ignore[no-untyped-call]
    return Markup("<pre>{}</pre>").format(visible(lines).strip("\n")) if lines.strip() else Markup()


def text_of(source: str | list[str], between: str = "") -> str:
    """A notebook's text, which may be in lines."""
    return source if isinstance(source, str) else between.join(source)


def _clean(html: str) -> Markup:
    for begin, end in _LIVES:
        html = without(html, begin, end)
    return Markup(visible(_cleaner().clean(html)))  # noqa: S704 - it was cleaned


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may stay."""
    if name == "style":
        return bool(_STYLE.fullmatch(value))
    return (tag == "th" and name == "scope" and value in _SCOPES) or (tag == "details" and name == "open")


@cache
def _cleaner() -> Cleaner:
    sanitizer = CSSSanitizer(allowed_css_properties=_STYLES, allowed_svg_properties=())
    return Cleaner(tags=_TAGS, attributes=_may_stay, protocols=(), strip=True, css_sanitizer=sanitizer)
