"""KDE's configuration files: one entry is changed, and every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from install.kconfig import entries, has_group, is_true, value_of, with_value, without

GROUP, KEY = ("python",), "enable_draggan"


def enabled(content: bytes) -> bytes:
    return with_value(content, GROUP, KEY, "true")


def taken_out(content: bytes, group_is_ours: bool) -> bytes:
    return without(
        content,
        lambda entry: (entry.group, entry.key) == (GROUP, KEY),
        lambda group: group_is_ours and group == GROUP,
    )


KRITARC = """# somebody's own words
ResourceDirectory=/home/zo\u00eb/krita

[MainWindow][DockWidget draggan_docker_widget]
Locked=false

[python]
enable_ten=false
enable_ai_diffusion = true

[theme]
Theme[$i]=Krita dark
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_switch_stands_in_the_group_that_is_there(newline):
    content = KRITARC.replace("\n", newline).encode()
    expected = KRITARC.replace("[python]\n", "[python]\nenable_draggan=true\n").replace("\n", newline).encode()
    assert enabled(content) == expected
    assert taken_out(expected, group_is_ours=False) == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b"[python]\nenable_draggan=true\n"),
        (b"a=1\n", b"a=1\n[python]\nenable_draggan=true\n"),
        (b"a=1", b"a=1\n[python]\nenable_draggan=true"),
        (b"a=1\r\nb=2", b"a=1\r\nb=2\r\n[python]\r\nenable_draggan=true"),
        (b"[python]", b"[python]\nenable_draggan=true"),
        (b"[python][$i]\nx=1\n", b"[python][$i]\nenable_draggan=true\nx=1\n"),
        (b"[python][sub]\nx=1\n", b"[python][sub]\nx=1\n[python]\nenable_draggan=true\n"),
        (b"#[python]\n", b"#[python]\n[python]\nenable_draggan=true\n"),
        (b"[python\nx=1\n", b"[python\nx=1\n[python]\nenable_draggan=true\n"),
        (b"\xef\xbb\xbf[python]\nx=1\n", b"\xef\xbb\xbf[python]\nx=1\n[python]\nenable_draggan=true\n"),
        (b"[python]\nenable_draggan=false\nx=1\n", b"[python]\nenable_draggan=true\nx=1\n"),
        (b"[python]\nenable_draggan=false", b"[python]\nenable_draggan=true"),
    ],
)
def test_where_the_switch_goes(content, expected):
    """After a byte order mark KConfig sees no header, so that group is none."""
    assert enabled(content) == expected


@pytest.mark.parametrize("value", ["true", "True", "1", "on", "yes"])
def test_switched_on(value):
    assert is_true(value)


@pytest.mark.parametrize("value", ["false", "False", "0", "off", "no", None])
def test_switched_off(value):
    assert not is_true(value)


def test_the_last_value_counts():
    content = b"[python]\nenable_draggan=true\n[a]\n[python]\n enable_draggan = false \n"
    assert value_of(content, GROUP, KEY) == "false"
    assert value_of(enabled(content), GROUP, KEY) == "true"
    assert value_of(content + b"enable_draggan[$d]\n", GROUP, KEY) is None
    assert value_of(enabled(content + b"enable_draggan[$d]\n"), GROUP, KEY) == "true"


def test_escapes_are_read():
    assert value_of(rb"ResourceDirectory=C:\\art\x20and\sink", (), "ResourceDirectory") == "C:\\art and ink"


def test_an_empty_group_goes_only_where_it_is_ours_and_empty():
    content = b"[python]\nenable_draggan=true\n\n[theme]\nTheme=x\n"
    assert taken_out(content, group_is_ours=True) == b"\n[theme]\nTheme=x\n"
    assert taken_out(content, group_is_ours=False) == b"[python]\n\n[theme]\nTheme=x\n"
    used = b"[python]\nenable_draggan=true\nenable_ten=true\n"
    assert taken_out(used, group_is_ours=True) == b"[python]\nenable_ten=true\n"


names = st.sampled_from([b"python", b"theme", b"$i", b"MainWindow", b"", "Zo\u00eb".encode(), rb"\x5b", b"pyth\xff"])
keys = st.sampled_from([b"enable_ten", b"enable_draggan2", b"a b", b"k[de]", b"k[$i]", b"k[$d]", b"# x", b""])
headers = st.lists(names, min_size=1, max_size=3).map(lambda parts: b"".join(b"[%s]" % part for part in parts))
pairs = st.builds(lambda key, value: key + b"=" + value, keys, st.binary(max_size=8))
bare_lines = st.one_of(headers, pairs, keys, st.binary(max_size=12), st.just(b"[python]"), st.just(b"[python"))
lines = bare_lines.map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))


@st.composite
def files(draw):
    """Files in which our key does not stand, with any line ends, the last of which may be missing."""
    content = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    content += b"".join(draw(lines) + draw(st.sampled_from([b"\n", b"\r\n"])) for _ in range(draw(st.integers(0, 8))))
    return content + draw(st.sampled_from([b"", b"x=1", b"[python]", b"[a", b"# end"]))


@given(files())
def test_put_in_and_taken_out_is_the_same_file(content):
    assert taken_out(enabled(content), group_is_ours=not has_group(content, GROUP)) == content


@given(files())
def test_only_one_entry_is_added(content):
    before, after = list(entries(content)), list(entries(enabled(content)))
    (new,) = [entry for entry in after if (entry.group, entry.key) == (GROUP, KEY)]
    assert new.value == "true"
    after.remove(new)
    assert after == before
    assert enabled(enabled(content)) == enabled(content)


@given(st.binary(max_size=60) | files(), st.sampled_from([b"", b"[python]\nenable_draggan=false\n[x]\n"]))
def test_whatever_a_file_holds_its_other_lines_stay(content, ours):
    content = ours + content
    after = enabled(content)
    added = [b"[python]", b"enable_draggan=true"]
    assert [line for line in _lines(after) if line not in added] == [
        line for line in _lines(content) if line not in (b"[python]", b"enable_draggan=false")
    ]
    assert is_true(value_of(after, GROUP, KEY))
    assert value_of(taken_out(after, group_is_ours=False), GROUP, KEY) is None


@given(files())
def test_nothing_of_ours_nothing_taken_out(content):
    assert taken_out(content, group_is_ours=False) == content


def _lines(content: bytes) -> list[bytes]:
    return [line.strip() for line in content.split(b"\n") if line.strip()]
