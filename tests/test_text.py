"""Text that is shown hides nothing: not a character of it moves a cursor, turns the direction or begins a line."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.text import counted, is_plain, one_line, sentence, visible, without

UNSEEN = "\0\x07\x1b\x7f\x85\xa0\xad\u034f\u061c\u115f\u200b\u200e\u2028\u202e\u2066\u2800\u3164\ufe0f\ufeff\ud800"
ANY = st.text(st.characters(exclude_categories=())) | st.text(alphabet=st.sampled_from("a \n\t" + UNSEEN))


@pytest.mark.parametrize("character", UNSEEN)
def test_what_nobody_sees_is_written_out(character: str) -> None:
    assert not is_plain(character)
    assert re.fullmatch(r"a\\[xuU][0-9a-f]{2,8}b", visible(f"a{character}b"))


@given(text=ANY)
def test_visible_text_has_the_same_lines_and_nothing_unseen(text: str) -> None:
    lines = visible(text).split("\n")
    assert len(lines) == text.replace("\r\n", "\n").count("\n") + 1
    assert all(is_plain(line) for line in lines)
    assert not any(unicodedata.category(each)[0] == "C" for line in lines for each in line)


@given(text=ANY, limit=st.integers(1, 200))
def test_one_line_is_one_and_short(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert is_plain(line)
    assert len(line) <= limit + 40


@given(text=ANY.filter(str.strip))
def test_a_sentence_ends_once(text: str) -> None:
    assert sentence(sentence(text)) == sentence(text)
    assert sentence(text)[-1] in ".!?:"


def test_a_number_goes_with_its_noun() -> None:
    assert [counted(n, "problem") for n in (0, 1, 2)] == ["0 problems", "1 problem", "2 problems"]
    assert counted(2, "entry", "entries") == "2 entries"


class Counting:
    """A pattern that counts the characters that it looks at."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.looked_at = 0

    def search(self, text: str, at: int) -> re.Match[str] | None:
        found = self._pattern.search(text, at)
        self.looked_at += (found.end() if found else len(text)) - at
        return found


@given(text=st.text(alphabet="<>ab", max_size=40))
def test_without_leaves_what_one_pattern_for_all_of_a_part_leaves(text: str) -> None:
    assert without(text, re.compile("<"), re.compile("a>")) == re.sub("<.*?a>", "", text)


@pytest.mark.parametrize("text", ["<" * 1000, "a>" * 1000, "<a>" * 1000, "<a>" + "<" * 1000, "<" * 1000 + "a>"])
def test_without_looks_at_each_character_once_for_each_pattern(text: str) -> None:
    begin, end = Counting("<"), Counting("a>")
    without(text, begin, end)  # type: ignore[arg-type]
    assert begin.looked_at <= len(text)
    assert end.looked_at <= len(text)
