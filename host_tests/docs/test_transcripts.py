"""Every transcript in README.md and docs/ is played against the real thing and compared.

What the blocks mean is said in transcripts.py, how they are run in stage.py.
"""

import re
from pathlib import Path

import pytest

from host_tests.docs.stage import NOT_RUN, Stage, check_target
from host_tests.docs.transcripts import Screen, TranscriptError, blocks, documents, fill, match

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = documents(ROOT)

# What a wrong transcript waits for never comes.
IMPATIENT = 1.0


def play(text, path, folder, **options):
    stage = Stage(folder, **options)
    try:
        if "airwire wwep-server" in text:
            stage.network.await_port()
        for block in blocks(text, path):
            stage.run(block)
    finally:
        stage.close()


@pytest.mark.sampled(10)
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_shows_is_what_happens(path, tmp_path):
    try:
        play(path.read_text(), path.relative_to(ROOT).as_posix(), tmp_path)
    except TranscriptError as error:
        pytest.fail(str(error), pytrace=False)


def test_every_fence_is_a_block():
    for path in DOCUMENTS:
        text = path.read_text()
        marks = len(re.findall(r"^ *(```|~~~)", text, re.MULTILINE))
        assert marks == 2 * len(list(blocks(text, path.name))), path.name


def test_the_documents_show_something():
    kinds = {block.kind for path in DOCUMENTS for block in blocks(path.read_text(), path.name)}
    assert {"console", "shell", "toml"} <= kinds


def test_what_is_not_run_is_there():
    shown = "".join(path.read_text() for path in DOCUMENTS)
    for command in NOT_RUN:
        assert f"$ {command}" in shown, command  # an exemption that nobody needs
        check_target(command, command)


def anchors(text):
    """What a link may name in a document: its headings, as the web shows them."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere():
    for path in DOCUMENTS:
        text = path.read_text()
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
            if "://" in target:
                continue
            there = path.parent / target if target else path
            assert there.exists(), f"{path.name}: {target}"
            if anchor:
                assert anchor in anchors(there.read_text()), f"{path.name}: {target}#{anchor}"


def test_nothing_is_taken_for_html():
    for path in DOCUMENTS:
        prose = re.sub(r"(?s)```.*?```|`[^`]*`|<!--.*?-->", "", path.read_text())
        assert not re.findall("<[a-z/]", prose), path.name


# The machinery itself

RIGHT = """\
```shell
$ airwire board up
board board is up at 127.0.0.<n>
  uart0 (USB, a person)  <home>/uart0
  uart1 (host MCU)       <home>/uart1
```
```console
> get wlan.join.retries
3
> foo
Unknown command
> help
...
```
```console uart1
> set system.cmd.mode machine
R000008
Set OK
> get wlan.ssid
R000000
> foo
R300017
Unknown command
```
"""


def test_a_right_transcript_passes(tmp_path):
    play(RIGHT, "right.md", tmp_path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "right, wrong, line",
    [
        ("board board is up", "board board is Up", 2),
        ("  uart1 (host MCU)       <home>/uart1\n", "", 2),
        ("join.retries\n3\n", "join.retries\n4\n", 9),
        ("Unknown command\n> help", "Unknown command.\n> help", 11),
        ("Unknown command\n> help", "> help", 11),
        ("R000000\n> foo", "R000000\nR000000\n> foo", 21),
        ("> help\n...", "> help", 13),
        ("R300017", "R300018", 22),
        ("R300017\nUnknown command\n", "R300017\n", 23),
    ],
)
def test_a_wrong_transcript_fails(right, wrong, line, tmp_path):
    assert RIGHT.count(right) == 1
    with pytest.raises(TranscriptError, match=rf"^wrong\.md:{line}: "):
        play(RIGHT.replace(right, wrong), "wrong.md", tmp_path, patience=IMPATIENT)


def test_every_character_counts():
    lines = {line for path in DOCUMENTS for b in blocks(path.read_text(), "") for line in b.lines}
    for line in lines:
        plain = re.sub("[<>]", "", line)  # without placeholders
        assert match(plain, plain) == {}
        for i, character in enumerate(plain):
            other = "x" if character != "x" else "y"
            assert match(plain, plain[:i] + other + plain[i + 1 :]) is None
            assert match(plain, plain[:i] + plain[i + 1 :]) is None


def test_placeholders():
    assert match("at 127.0.0.<n>, <id>", "at 127.0.0.12, 02FA") == {"n": "12", "id": "02FA"}
    assert match("at <n>", "at x") is None
    assert match("get <variable>", "get <variable>") == {}
    assert match("get <variable>", "get wlan") is None
    assert fill("fac <mac>", {"mac": "00:11"}, "") == "fac 00:11"
    with pytest.raises(TranscriptError):
        fill("fac <mac>", {}, "a.md:1")


@pytest.mark.parametrize(
    "text",
    ["```\nx\n```", "```python\nx\n```", "```shell quiet\n$ x\n```", "```text\nx\n"],
)
def test_a_block_of_no_known_kind_is_refused(text):
    with pytest.raises(TranscriptError):
        list(blocks(text, "a.md"))


def test_output_of_what_is_not_run_is_refused(tmp_path):
    for text in ("```shell\n$ make test\nall passed\n```", "```shell\nfloating\n```"):
        with pytest.raises(TranscriptError):
            play(text, "a.md", tmp_path)
    with pytest.raises(TranscriptError):
        check_target("make coffee", "a.md:1")


def test_a_terminal_is_imitated():
    screen = Screen()
    screen.feed(b"> ge\r    \r[Ready]\r\n> ge\b \b\b \bx\r\n")
    assert screen.rows == ["[Ready]", "> x", ""]
