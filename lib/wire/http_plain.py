# What is done with every byte of an HTTP head. http_fast.py is the same as machine code, which
# takes this one's place where the interpreter has it.
#
# `lines` (array of 16 bits) is the table of a head's lines behind the first: lines[0] is how many
# are whole, lines[1:] where each of them begins, and behind them where the next one does.


def span(buf, at, end, classes, kinds):
    """The first offset in buf[at:end] of a byte that is of none of `kinds`, or `end`."""
    while at < end and classes[buf[at]] & kinds:
        at += 1
    return at


def scan(buf, end, classes, lines):
    """Go on with the lines `name:value` up to the empty one, by RFC 9112 5 with no exceptions.

    Returns the offset behind the head; 0: more is needed; -1: a bad line, which is the one that
    begins at lines[1 + lines[0]]; -2: more lines than the table has room for.
    """
    count = lines[0]
    start = lines[1 + count]
    while True:
        at = start
        while at < end and classes[buf[at]] & 1:
            at += 1
        if at == end:
            return 0
        if at == start:
            if buf[at] != 13:
                return -1
            if at + 1 == end:
                return 0
            return at + 2 if buf[at + 1] == 10 else -1
        if buf[at] != 58:
            return -1
        at += 1
        while at < end and classes[buf[at]] & 2:
            at += 1
        if at == end:
            return 0
        if buf[at] != 13:
            return -1
        if at + 1 == end:
            return 0
        if buf[at + 1] != 10:
            return -1
        if count + 2 >= len(lines):
            return -2
        count += 1
        start = at + 2
        lines[1 + count] = start
        lines[0] = count


def find(buf, lines, first, name):
    """The number of the line, from `first` on, whose name is `name` (lower case), or -1."""
    size = len(name)
    for number in range(first, lines[0]):
        at = lines[1 + number]
        if at + size < lines[2 + number] and buf[at + size] == 58 and same(buf, at, name):
            return number
    return -1


def one(buf, lines, classes, name):
    """Where the value of the only line called `name` (lower case) begins and ends, blanks around
    it left out, as `begin << 16 | end`; 0 where there is none, 1 where there are two.
    """
    number = find(buf, lines, 0, name)
    if number < 0:
        return 0
    if find(buf, lines, number + 1, name) >= 0:
        return 1
    at = lines[1 + number] + len(name) + 1
    end = lines[2 + number] - 2
    while at < end and classes[buf[at]] & 16:
        at += 1
    while end > at and classes[buf[end - 1]] & 16:
        end -= 1
    return at << 16 | end


def differ(text, at, wanted):
    """Whether text[at:] is not `wanted`, which has something; in a time that depends on the length
    of text[at:] alone.
    """
    size = len(wanted)
    wrong = len(text) - at ^ size
    i = 0
    while at < len(text):
        wrong |= text[at] ^ wanted[i]
        at += 1
        i += 1
        if i == size:
            i = 0
    return wrong != 0


def same(buf, at, text):
    """Whether `text` (lower case) stands in either case at `at`, where there is room for it."""
    for i in range(len(text)):
        c = buf[at + i]
        if 65 <= c <= 90:
            c += 32
        if c != text[i]:
            return False
    return True


def has(buf, at, end, classes, token):
    """Whether the list of tokens in buf[at:end] has `token` (lower case)."""
    while at < end:
        stop = span(buf, at, end, classes, 1)
        if stop - at == len(token) and same(buf, at, token):
            return True
        at = stop + 1
    return False
