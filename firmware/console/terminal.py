# The line editor of a person's terminal: keys in, what the terminal must show and whole lines out.
# No I/O here, and nothing of what a line means: names to complete come from a function.
#
# How wide the terminal is nobody knows for certain, and \b does not get from the first column of a
# row back to the row above. So a line that only grows is echoed as it is typed and wraps as it
# likes. Whatever else is done to it is drawn on one row, from the column 0 that \r always finds:
# the whole line if it fits, else a window around the cursor, which starts on a row of its own when
# the line had wrapped. Columns are never counted back, so the widths of characters need not be
# known, only bounded. Where the port does not know the terminal's width it is taken as 40; the
# terminal is asked for its own, once a line, when that matters.
from micropython import const

from .editor import MAX_LINE

_PROMPT = b"> "
_NARROWEST = const(20)  # less is no terminal, and a window needs room for its marks
_WIDTH = const(40)  # assumed: the narrowest window that people use
# Save the cursor, go right as far as it goes, ask where that is, restore the cursor: each terminal
# knows this, while direct questions for the size are answered wrongly by some.
_ASK_WIDTH = b"\x1b7\x1b[999C\x1b[6n\x1b8"
_ERASE_ROW = b"\x1b[K"  # from the cursor on

_LINES = const(5)  # of history, as WiConnect has
_HISTORY = const(640)  # bytes of all of them: the longest line and some short ones

_BELL = b"\x07"
_TAB = const(9)
_LF = const(10)
_CR = const(13)
_ESC = const(27)
_SPACE = const(32)

# Keys are control codes, those of Emacs and of every shell; escape sequences are mapped to them.
_HOME = const(1)  # Ctrl-A
_LEFT = const(2)  # Ctrl-B
_CANCEL = const(3)  # Ctrl-C
_DELETE = const(4)  # Ctrl-D
_END = const(5)  # Ctrl-E
_RIGHT = const(6)  # Ctrl-F
_BACKSPACE = const(8)  # Ctrl-H
_KILL = const(11)  # Ctrl-K: to the end
_DOWN = const(14)  # Ctrl-N
_UP = const(16)  # Ctrl-P
_KILL_BACK = const(21)  # Ctrl-U: to the start
_KILL_WORD = const(23)  # Ctrl-W
_RUBOUT = const(127)

_FINALS = b"ABCDHF"  # ESC [ x and ESC O x: up, down, right, left, Home, End
_FINAL_KEYS = b"\x10\x0e\x06\x02\x01\x05"
_NUMBERS = (b"1", b"7", b"4", b"8", b"3")  # ESC [ n ~: Home, Home, End, End, Delete
_NUMBER_KEYS = b"\x01\x01\x05\x05\x04"

# Where the key decoder is: in no sequence, after ESC, after ESC [, before the last byte.
_NONE = const(0)
_AFTER_ESC = const(1)
_PARAMETERS = const(2)
_LAST = const(3)
_MAX_PARAMETERS = const(8)  # bytes: "999;999"; longer ones are of no sequence known here

# What has to be drawn.
_MOVED = const(1)
_CHANGED = const(2)


class Terminal:
    human = True
    partial = True  # every byte has to come here

    def __init__(self, complete, port):
        """complete(text before the cursor, width of a list or 0) -> (bytes to add, list).
        port.columns is the terminal's width where the port knows it, else 0.
        """
        self._complete = complete
        self._port = port
        self._history = []  # lines, the newest last
        self.prompt = _PROMPT  # b"" where the session has it switched off
        self.last = 0  # as in editor.py
        self._state = _NONE
        self._parameters = b""
        self.clear()

    def clear(self):
        self.line = bytearray()
        self.cursor = 0  # offset in bytes, always between two characters
        self._overlong = False
        self._back = 0  # which line of the history is shown, counted from the newest; 0: none
        self._draft = None  # what was typed before the history was entered
        self._stale = 0
        self._shown = 0  # columns, at most, that the line takes on the screen
        self._window = False  # the line is drawn, not echoed, since it had to be and was too long
        self._first = 0  # offset of the first byte that is drawn
        self.width = self._port.columns
        self._asked = self.width > 0
        self.width = self.width or _WIDTH
        self._tabs = 0  # presses of Tab that added nothing, in a row

    def text(self):
        """The line as bytes; None when more than MAX_LINE bytes were typed."""
        return None if self._overlong else bytes(self.line)

    def spoil(self):
        """As Editor.spoil."""
        self._overlong = True

    def remember(self, line):
        """Put a line into the history."""
        history = self._history
        if not line or (history and history[-1] == line):
            return
        history.append(line)
        size = sum([len(entry) for entry in history])
        while len(history) > _LINES or size > _HISTORY:
            size -= len(history.pop(0))

    def take(self, buf, pos, end, out):
        """As Editor.take."""
        while pos < end:
            byte = buf[pos]
            pos += 1
            plain = byte >= _SPACE and byte != _RUBOUT
            if plain and self._state:
                byte = self._sequence(byte)
                if not byte:
                    continue
            elif plain:
                start = pos - 1
                while pos < end and buf[pos] >= _SPACE and buf[pos] != _RUBOUT:
                    pos += 1
                self.last = self._tabs = 0
                self._insert(buf[start:pos], out)
                continue
            self._state = _NONE  # a control code ends a broken sequence
            if byte == _CR or byte == _LF:
                if self.last and self.last != byte:
                    self.last = 0
                    continue
                self.last = byte
                self._draw(out)
                out.extend(b"\r\n")
                return pos, True
            self.last = 0
            if byte == _ESC:
                self._state = _AFTER_ESC
            elif byte == _TAB:
                self._tab(out)
            else:
                self._tabs = 0
                self._key(byte, out)
        if self._stale and not self._state and self._whole():
            if self._asked or max(self._shown, self._columns(0, len(self.line))) <= self._room():
                self._draw(out)
            else:  # drawn when the answer is there, or at the next key if there is none
                self._ask_width(out)
        return pos, False

    # Keys

    def _sequence(self, byte):
        # One byte of an escape sequence -> its key at the end of one that is known, else 0.
        state = self._state
        if state == _AFTER_ESC:
            self._parameters = b""
            if byte == 91:  # [
                self._state = _PARAMETERS
            else:
                self._state = _LAST if byte == 79 else _NONE  # O, or Meta with a key
            return 0
        if state == _PARAMETERS:
            if byte == 91:  # ESC [ [ A: function keys of the Linux console
                self._state = _LAST
                self._parameters = b"["
                return 0
            if byte < 64:
                if len(self._parameters) < _MAX_PARAMETERS:
                    self._parameters += bytes((byte,))
                return 0
        self._state = _NONE
        parameters = self._parameters
        key = 0
        if not parameters:
            i = _FINALS.find(bytes((byte,)))
            key = _FINAL_KEYS[i] if i >= 0 else 0
        elif byte == 126 and parameters in _NUMBERS:  # ~
            key = _NUMBER_KEYS[_NUMBERS.index(parameters)]
        elif byte == 82 and self._asked:  # R: the answer to _ASK_WIDTH
            self._set_width(parameters)
        return key

    def _key(self, key, out):
        line = self.line
        at = self.cursor
        n = len(line)
        if key == _BACKSPACE or key == _RUBOUT:
            self._cut(self._left(at), at, out)
        elif key == _DELETE:
            self._cut(at, self._right(at), out)
        elif key == _KILL:
            self._cut(at, n, out)
        elif key == _KILL_BACK:
            self._cut(0, at, out)
        elif key == _KILL_WORD:
            start = at
            while start and line[start - 1] == _SPACE:
                start -= 1
            while start and line[start - 1] != _SPACE:
                start -= 1
            self._cut(start, at, out)
        elif key == _LEFT:
            self._move(self._left(at))
        elif key == _RIGHT:
            self._move(self._right(at))
        elif key == _HOME:
            self._move(0)
        elif key == _END:
            self._move(n)
        elif key == _UP:
            self._recall(self._back + 1)
        elif key == _DOWN:
            self._recall(self._back - 1)
        elif key == _CANCEL:
            self._draw(out)
            self.clear()
            out.extend(b"^C\r\n")
            out.extend(self.prompt)

    def _tab(self, out):
        if self.cursor < len(self.line) and self.line[self.cursor] != _SPACE:
            out.extend(_BELL)  # inside a word
            return
        width = self.width if self._tabs else 0
        add, names = self._complete(bytes(self.line[: self.cursor]), width)
        if add:
            self._tabs = 0
            self._insert(add, out)
            return
        if not names:
            self._tabs += 1
            out.extend(_BELL)
            # Not behind the last column: there, not all terminals restore the cursor.
            if self._shown <= self._room():
                self._ask_width(out)
            return
        self._draw(out)
        out.extend(b"\r\n")
        out.extend(names)
        self.restore(out)

    # The line

    def _left(self, at):
        line = self.line
        if at:
            at -= 1
            while at and line[at] & 0xC0 == 0x80:
                at -= 1
        return at

    def _right(self, at):
        line = self.line
        n = len(line)
        if at < n:
            at += 1
            while at < n and line[at] & 0xC0 == 0x80:
                at += 1
        return at

    def _whole(self):
        # Whether all bytes of the character before the cursor are there.
        at = self._left(self.cursor)
        lead = self.line[at] if self.cursor else 0
        return self.cursor - at > (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0) or not lead

    def _columns(self, start, end):
        # How many columns these bytes take at most: two for each character that may be wide.
        line = self.line
        columns = 0
        for i in range(start, end):
            byte = line[i]
            if byte < 0x80:
                columns += 1
            elif byte >= 0xC0:
                columns += 2 if byte > 0xE0 else 1
        return columns

    def _insert(self, data, out):
        line = self.line
        at = self.cursor
        if len(line) + len(data) > MAX_LINE:
            self._overlong = True
            data = data[: MAX_LINE - len(line)]
        echoed = self._echoing(at)
        line[at:at] = data
        self.cursor = at + len(data)
        if echoed:
            out.extend(data)
            self._shown += self._columns(at, self.cursor)
        else:
            self._stale = _CHANGED

    def _cut(self, start, end, out):
        line = self.line
        if start == end:
            return
        if not self._echoing(end) or end - start > 1 or self._shown > self._room():
            self._stale = _CHANGED
        else:  # the usual case, which even a paper terminal shows: the last character, ASCII
            out.extend(b"\b \b")
            self._shown -= 1
        line[start:end] = b""
        self.cursor = start
        if not line:
            self._overlong = False  # what did not fit was given up as well

    def _echoing(self, at):
        # The screen is up to date, with the line as it was typed and the cursor at its end.
        return at == self.cursor == len(self.line) and not (self._stale or self._window)

    def _move(self, to):
        if to != self.cursor:
            self.cursor = to
            self._stale |= _MOVED

    def _recall(self, back):
        history = self._history
        if not 0 <= back <= len(history):
            return
        if not self._back:
            self._draft = self.line
        self._back = back
        self.line = bytearray(history[-back]) if back else self._draft
        self.cursor = len(self.line)
        self._stale = _CHANGED

    # The screen

    def _room(self):
        # Columns of a row for the line: with a cursor behind its end it must not wrap.
        return self.width - len(self.prompt) - 1

    def _ask_width(self, out):
        if not self._asked:
            self._asked = True
            out.extend(_ASK_WIDTH)
            self._stale |= _MOVED  # where the cursor is not restored

    def _set_width(self, parameters):
        # "row;column" of the cursor at the right border
        column = parameters[parameters.find(b";") + 1 :]
        if column.isdigit() and int(column) >= _NARROWEST:
            self.width = int(column)
            if self._window:
                self._stale = _CHANGED

    def _draw(self, out):
        # Bring the screen up to date.
        stale = self._stale
        if not stale:
            return
        self._stale = 0
        room = self._room()
        if self._shown > room and not self._window:
            out.extend(b"\r\n")  # it may have wrapped: nothing is known of its row
            stale = _CHANGED
        line = self.line
        n = len(line)
        at = self.cursor
        first = 0
        end = n
        if self._columns(0, n) > room:
            self._window = True
            room -= 2  # for the marks of what is cut off
            first = self._right(self._first - 1)  # between characters, whatever was changed
            if first >= at or self._columns(first, at) >= room:
                first = at
                while first and self._columns(first, at) < room * 3 // 4:
                    first = self._left(first)
            if first != self._first:
                stale = _CHANGED
            end = at
            while end < n and self._columns(first, self._right(end)) <= room:
                end = self._right(end)
        self._first = first
        view = memoryview(line)
        if stale & _CHANGED:
            self._start_row(out, first)
            out.extend(view[first:end])
            if end < n:
                out.extend(b">")
            out.extend(_ERASE_ROW)
            self._shown = (first > 0) + self._columns(first, end) + (end < n)
            if at == n:
                return
        self._start_row(out, first)
        out.extend(view[first:at])

    def _start_row(self, out, first):
        out.extend(b"\r")
        out.extend(self.prompt)
        if first:
            out.extend(b"<")

    def erase(self, out):
        """Leave the terminal at the start of an empty row, for something else to be shown."""
        if self._shown > self._room():
            out.extend(b"\r\n")
            return
        columns = len(self.prompt) + self._shown
        if columns:
            out.extend(b"\r%s\r" % (b" " * columns))

    def restore(self, out):
        """Show prompt and line at the start of an empty row."""
        out.extend(self.prompt)
        self._shown = 0
        if self._window or self.cursor < len(self.line):
            self._stale = _CHANGED
            self._draw(out)
        else:
            out.extend(self.line)
            self._shown = self._columns(0, len(self.line))
            self._stale = 0
