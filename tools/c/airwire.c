/* The driver for a host MCU: see airwire.h. What it relies on is said in docs/host-mcu.md.
 *
 * From below: bytes become frames (feed), frames are waited for (next, response), a lost thread is
 * found again (airwire_sync), a line and its answer make a command (transact).
 */
#include "airwire.h"

enum { HEADER = 9, LINE_END = 2 }; /* bytes of a frame around what the module has to say */

/* Silence in the midst of a frame that means that bytes of it were lost, in ms. The module stops
 * there for a scan on its other console at the longest, three seconds. */
enum { FRAME_MS = 5000 };

/* Silence that tells that the answers to all older lines have come, in ms. */
enum { QUIET_MS = 100 };

/* Bytes that one wait reads before it calls what comes no module: two of the longest frames, with
 * log lines. */
enum { BUDGET = 0x40000 };

/* Ends whatever stands on the line without running it: in quotes, outside, or behind a backslash,
 * one of the two is an escape that does not exist, and the whole line an error. Empty lines follow,
 * one more in each hello: their number tells its answers from those to an older one that are late. */
static const char HELLO[] = "\\!\\!\r\nset system.cmd.mode machine\r\n";
static const char EMPTY_LINE[] = "\r\n";
enum { MOST_EMPTY = 8 }; /* then one again: no more hellos than that wait in a module */

/* A module that does not answer at once is busy or waits for data, which it gives up 10 s after the
 * last byte: the second try is left alone until then. In ms. */
static const uint16_t TRIES[] = {1000, 11000, 1000, 1000};
enum { NEXT_MS = 1000 }; /* from one answer to the next */

static size_t length_of(const char *text)
{
    size_t size = 0;

    while (text[size])
        size++;
    return size;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Bytes to frames */

enum event {
    NOTHING,
    REPLY,
    LOG,
    BROKEN, /* a frame that does not end as it must: its header was none, or bytes were lost */
    RESTARTED,
    SILENCE,
    FLOOD /* the budget has been read, and still something comes */
};

static bool tail_is(const struct airwire *m, const char *end)
{
    size_t size = length_of(end), i;

    for (i = 0; i < size; i++) {
        if (m->tail[sizeof m->tail - size + i] != end[i])
            return false;
    }
    return true;
}

/* Whether the bytes outside of frames end with what a module says that has started, with a time or
 * without one. */
static bool tail_tells_start(const struct airwire *m)
{
    return tail_is(m, "[Ready]") || tail_is(m, ": Ready]");
}

/* The same, or a prompt: there are no headers any more. */
static bool tail_tells_restart(const struct airwire *m)
{
    return tail_tells_start(m) || tail_is(m, "\n> ") || tail_is(m, "\r> ");
}

static void forget_tail(struct airwire *m)
{
    size_t i;

    for (i = 0; i < sizeof m->tail; i++)
        m->tail[i] = '\n';
}

static void begin_payload(struct airwire *m)
{
    m->at = 0;
    m->sound = true;
    if (m->letter != 'L')
        m->said[0] = '\0';
    forget_tail(m);
}

/* A byte of a header, or of what is none. */
static enum event feed_header(struct airwire *m, char byte)
{
    static const char shape[HEADER + 1] = "R000000\r\n"; /* 0: any digit */
    bool digit = byte >= '0' && byte <= '9';
    uint8_t value = digit ? (uint8_t)(byte - '0') : 0;
    char want = shape[m->seen];
    size_t i;

    for (i = 1; i < sizeof m->tail; i++)
        m->tail[i - 1] = m->tail[i];
    m->tail[sizeof m->tail - 1] = byte;
    m->skipped++; /* until the header is complete */
    if (byte == 'R' || byte == 'S' || byte == 'L') {
        m->letter = byte; /* or it begins anew: no letter comes later */
        m->seen = 1;
        m->length = 0;
        return NOTHING;
    }
    if (m->seen == 0 || (want == '0' ? !digit : byte != want)
        || (m->seen == 1 && m->letter == 'L' && value != 0)) {
        m->seen = 0;
        return tail_tells_restart(m) ? RESTARTED : NOTHING;
    }
    if (m->seen == 1)
        m->code = value;
    else if (digit)
        m->length = 10 * m->length + value;
    if (++m->seen < HEADER)
        return NOTHING;
    if (m->length == 1) { /* too short for a line end */
        m->seen = 0;
        return NOTHING;
    }
    m->skipped -= HEADER;
    begin_payload(m);
    return m->length ? NOTHING : REPLY;
}

/* A byte of a payload. All but its line end is kept, as far as there is room. */
static void feed_payload(struct airwire *m, char byte)
{
    uint32_t text = m->length - LINE_END;

    if (m->at >= text) {
        m->sound = m->sound && byte == (m->at == text ? '\r' : '\n');
    } else if (m->letter == 'L') {
        if (m->at + 1 < m->log_room)
            m->log_text[m->at] = byte;
    } else {
        if (m->at < m->sink_room)
            m->sink[m->at] = byte;
        if (m->at + 1 < sizeof m->said) {
            m->said[m->at] = byte;
            m->said[m->at + 1] = '\0';
        }
    }
    m->at++;
}

static void tell_log(struct airwire *m, size_t size)
{
    if (!m->log || !m->log_room)
        return;
    m->log_text[size < m->log_room ? size : m->log_room - 1] = '\0';
    m->log(m->user, m->log_text, size);
}

static enum event feed(struct airwire *m, char byte)
{
    size_t size;

    if (m->seen < HEADER) {
        enum event event = feed_header(m, byte);
        if (event != REPLY)
            return event;
    } else {
        feed_payload(m, byte);
        if (m->at < m->length)
            return NOTHING;
    }
    m->seen = 0;
    if (!m->sound)
        return BROKEN;
    size = m->length ? m->length - LINE_END : 0;
    if (m->letter == 'L') {
        tell_log(m, size);
        return LOG;
    }
    m->size = size;
    m->safe_mode = m->letter == 'S';
    return REPLY;
}

/* Waits */

static void begin_wait(struct airwire *m, char *sink, size_t room)
{
    m->budget = BUDGET;
    m->skipped = 0;
    m->sink = sink;
    m->sink_room = room;
}

/* What comes next, within `ms` of silence. */
static enum event next(struct airwire *m, uint32_t ms)
{
    enum event event = NOTHING;

    while (event == NOTHING) {
        bool within = m->seen == HEADER;
        int byte = m->read(m->user, within && ms > FRAME_MS ? FRAME_MS : ms);

        if (byte < 0)
            return SILENCE;
        if (m->budget == 0)
            return FLOOD;
        m->budget--;
        event = feed(m, (char)(unsigned char)byte);
    }
    return event;
}

/* The answer to the line that was sent: its code, or a result below 0. */
static int response(struct airwire *m, uint32_t ms)
{
    for (;;) {
        switch (next(m, ms)) {
        case REPLY:
            return m->code;
        case RESTARTED:
            return AIRWIRE_RESTARTED;
        case SILENCE:
            return m->skipped || m->seen == HEADER ? AIRWIRE_LOST : AIRWIRE_TIMEOUT;
        case BROKEN:
        case FLOOD:
            return AIRWIRE_LOST;
        default: /* log lines between */
            break;
        }
    }
}

/* Take what comes that nobody asked for, until there are `ms` of silence. */
static int drain(struct airwire *m, uint32_t ms)
{
    begin_wait(m, NULL, 0);
    for (;;) {
        switch (next(m, ms)) {
        case SILENCE:
            /* What has begun would be taken for the answer to the next line; not so a log line. */
            m->adrift = m->adrift || (m->seen && m->letter != 'L');
            return AIRWIRE_OK;
        case RESTARTED:
            m->adrift = true;
            return AIRWIRE_RESTARTED;
        case FLOOD:
            m->adrift = true;
            return AIRWIRE_LOST;
        case REPLY: /* to a line of nobody */
        case BROKEN:
            m->adrift = true;
            break;
        default:
            break;
        }
    }
}

static bool hello(struct airwire *m)
{
    unsigned i;

    m->hellos = (uint8_t)(m->hellos % MOST_EMPTY + 1);
    if (m->write(m->user, HELLO, sizeof HELLO - 1) < 0)
        return false;
    for (i = 0; i < m->hellos; i++)
        if (m->write(m->user, EMPTY_LINE, sizeof EMPTY_LINE - 1) < 0)
            return false;
    return true;
}

/* One try to be answered: whether the answers to the hello have come, one behind the other, and
 * then silence. Lines are answered in order, so nothing older comes later. */
static bool greeted(struct airwire *m, uint32_t ms)
{
    bool set = false, whole = false;
    unsigned ready = 0;
    enum event event;

    begin_wait(m, NULL, 0);
    while ((event = next(m, ms)) != SILENCE && event != FLOOD) {
        /* One that starts while it is greeted has heard nothing of it: once more. */
        if (event == RESTARTED && tail_tells_start(m))
            return false;
        if (event != REPLY)
            continue;
        if (m->code == 0 && same(m->said, "Ready"))
            ready++;
        else {
            set = m->code == 0 && same(m->said, "Set OK");
            ready = 0;
        }
        whole = set && ready == m->hellos;
        ms = whole ? QUIET_MS : NEXT_MS;
    }
    return whole && event == SILENCE;
}

int airwire_sync(struct airwire *m)
{
    bool heard = false;
    size_t i;

    m->adrift = true;
    for (i = 0; i < sizeof TRIES / sizeof TRIES[0]; i++) {
        m->seen = 0;
        if (!hello(m))
            return AIRWIRE_PORT;
        if (greeted(m, TRIES[i])) {
            m->seen = 0;
            m->adrift = false;
            forget_tail(m);
            return AIRWIRE_OK;
        }
        heard = heard || m->budget < BUDGET;
    }
    return heard ? AIRWIRE_LOST : AIRWIRE_TIMEOUT;
}

/* Commands */

/* A line: the verb, perhaps a word or two that are written as they are, arguments that are quoted;
 * and the data that follow it. */
struct line {
    const char *verb, *plain;
    const struct airwire_bytes *args;
    size_t count;
    const struct airwire_bytes *data;
};

/* Bytes on their way, some at a time: counted first, and sent when it is known that they may. */
struct outlet {
    struct airwire *module; /* NULL: they are only counted */
    size_t total;
    uint8_t size;
    bool failed;
    char waiting[32];
};

static void flush(struct outlet *out)
{
    struct airwire *m = out->module;

    if (m && out->size && !out->failed)
        out->failed = m->write(m->user, out->waiting, out->size) < 0;
    out->size = 0;
}

static void put(struct outlet *out, char byte)
{
    out->total++;
    if (!out->module)
        return;
    if (out->size == sizeof out->waiting)
        flush(out);
    out->waiting[out->size++] = byte;
}

static void put_text(struct outlet *out, const char *text)
{
    while (*text)
        put(out, *text++);
}

/* An argument so that the module reads these bytes and no others; quotes and escapes at need. */
static void put_quoted(struct outlet *out, const struct airwire_bytes *arg)
{
    static const char meaning[] = "\\\"\n\r\t", escaped[] = "\\\"nrt", digits[] = "0123456789abcdef";
    const char *at = arg->at;
    bool quotes = arg->size == 0;
    size_t i, k;

    for (i = 0; i < arg->size; i++)
        quotes = quotes || at[i] == ' ';
    if (quotes)
        put(out, '"');
    for (i = 0; i < arg->size; i++) {
        unsigned char byte = (unsigned char)at[i];

        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F) {
            put(out, at[i]);
            continue;
        }
        put(out, '\\');
        for (k = 0; k < sizeof meaning - 1 && meaning[k] != at[i]; k++)
            ;
        if (byte == 0) {
            put(out, '0');
        } else if (k < sizeof meaning - 1) {
            put(out, escaped[k]);
        } else {
            put(out, 'x');
            put(out, digits[byte >> 4]);
            put(out, digits[byte & 15]);
        }
    }
    if (quotes)
        put(out, '"');
}

static void put_line(struct outlet *out, const struct line *line)
{
    size_t i;

    put_text(out, line->verb);
    if (line->plain) {
        put(out, ' ');
        put_text(out, line->plain);
    }
    for (i = 0; i < line->count; i++) {
        put(out, ' ');
        put_quoted(out, &line->args[i]);
    }
}

/* Whether a text that is sent as it is is one line. */
static bool one_line(const char *text)
{
    while (*text && *text != '\r' && *text != '\n')
        text++;
    return *text == '\0';
}

static bool sendable(const struct line *line)
{
    struct outlet counted = {0};

    if (line->data && (line->data->size < 1 || line->data->size > AIRWIRE_MAX_DATA))
        return false;
    if (!one_line(line->verb) || (line->plain && !one_line(line->plain)))
        return false;
    put_line(&counted, line);
    return counted.total <= AIRWIRE_MAX_LINE;
}

static bool send_line(struct airwire *m, const struct line *line)
{
    struct outlet out = {0};

    out.module = m;
    put_line(&out, line);
    put_text(&out, "\r\n");
    flush(&out);
    if (!out.failed && line->data)
        out.failed = m->write(m->user, line->data->at, line->data->size) < 0;
    return !out.failed;
}

/* Nothing of what came meanwhile is the answer. */
static int unanswered(struct airwire *m, int result)
{
    m->size = 0;
    m->said[0] = '\0';
    return result;
}

/* One command and its answer, of which `room` bytes go to `text`. */
static int transact(struct airwire *m, const struct line *line, char *text, size_t room,
                    uint32_t ms)
{
    int result;

    if (!sendable(line))
        return unanswered(m, AIRWIRE_NOT_SENT);
    if (!m->adrift && drain(m, 0) == AIRWIRE_RESTARTED)
        return unanswered(m, AIRWIRE_RESTARTED);
    if (m->adrift && (result = airwire_sync(m)) != AIRWIRE_OK)
        return unanswered(m, result);
    m->adrift = true; /* until the answer is here */
    begin_wait(m, text, room);
    if (!send_line(m, line))
        return unanswered(m, AIRWIRE_PORT);
    result = response(m, ms);
    if (result < 0)
        return unanswered(m, result);
    /* Where the line was refused before its data phase, the data were taken for commands. */
    m->adrift = line->data && result > AIRWIRE_FAILED;
    return result;
}

/* The same for an answer that is text. */
static int transact_text(struct airwire *m, const struct line *line, struct airwire_reply *reply,
                         uint32_t ms)
{
    size_t room = reply && reply->room ? reply->room - 1 : 0;
    int result = transact(m, line, room ? reply->text : NULL, room, ms);

    if (!reply)
        return result;
    reply->size = m->size;
    if (reply->room)
        reply->text[m->size < room ? m->size : room] = '\0';
    return result == AIRWIRE_OK && m->size > room ? AIRWIRE_CUT : result;
}

void airwire_init(struct airwire *m, airwire_write_fn write, airwire_read_fn read, void *user)
{
    static const struct airwire fresh = {0};

    *m = fresh;
    m->piece = AIRWIRE_PIECE;
    m->write = write;
    m->read = read;
    m->user = user;
    m->adrift = true;
    forget_tail(m);
}

void airwire_on_log(struct airwire *m, airwire_log_fn log, char *text, size_t room)
{
    m->log = log;
    m->log_text = text;
    m->log_room = room;
}

int airwire_listen(struct airwire *m, uint32_t ms)
{
    return drain(m, ms);
}

int airwire_run(struct airwire *m, const char *text, struct airwire_reply *reply, uint32_t ms)
{
    struct line line = {0};

    line.verb = text;
    return transact_text(m, &line, reply, ms);
}

int airwire_command(struct airwire *m, const char *name, const struct airwire_bytes *args,
                    size_t count, const struct airwire_bytes *data, struct airwire_reply *reply,
                    uint32_t ms)
{
    struct line line = {0};

    line.verb = name;
    line.args = args;
    line.count = count;
    line.data = data;
    return transact_text(m, &line, reply, ms);
}

int airwire_get(struct airwire *m, const char *variable, char *value, size_t room)
{
    struct line line = {0};
    struct airwire_reply reply = {0};

    line.verb = "get";
    line.plain = variable;
    reply.text = value;
    reply.room = room;
    return transact_text(m, &line, &reply, AIRWIRE_COMMAND_MS);
}

int airwire_set(struct airwire *m, const char *variable, const char *value)
{
    struct line line = {0};
    struct airwire_bytes arg;

    arg.at = value;
    arg.size = length_of(value);
    line.verb = "set";
    line.plain = variable;
    line.args = &arg;
    line.count = 1;
    return transact(m, &line, NULL, 0, AIRWIRE_COMMAND_MS);
}

/* Streams */

/* A number as an argument; `digits` holds its text. */
static struct airwire_bytes decimal(uint32_t number, char digits[10])
{
    struct airwire_bytes arg;
    size_t at = 10;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    arg.at = &digits[at];
    arg.size = 10 - at;
    return arg;
}

/* The only digit that the module has answered, at most `most`. */
static int digit_said(const struct airwire *m, unsigned most, unsigned *digit)
{
    if (m->size != 1 || m->said[0] < '0' || (unsigned)(m->said[0] - '0') > most)
        return AIRWIRE_UNEXPECTED;
    *digit = (unsigned)(m->said[0] - '0');
    return AIRWIRE_OK;
}

int airwire_open(struct airwire *m, const char *name, const struct airwire_bytes *args,
                 size_t count, unsigned *handle)
{
    int result = airwire_command(m, name, args, count, NULL, NULL, AIRWIRE_NETWORK_MS);

    return result == AIRWIRE_OK ? digit_said(m, AIRWIRE_STREAMS - 1, handle) : result;
}

static int open_client(struct airwire *m, const char *name, const char *host, uint16_t port,
                       unsigned *handle)
{
    struct airwire_bytes args[2];
    char digits[10];

    args[0].at = host;
    args[0].size = length_of(host);
    args[1] = decimal(port, digits);
    return airwire_open(m, name, args, 2, handle);
}

int airwire_tcp_client(struct airwire *m, const char *host, uint16_t port, unsigned *handle)
{
    return open_client(m, "tcp_client", host, port, handle);
}

int airwire_udp_client(struct airwire *m, const char *host, uint16_t port, unsigned *handle)
{
    return open_client(m, "udp_client", host, port, handle);
}

/* A command with a handle and, where it is not 0, a number of bytes; as transact(). */
static int stream_command(struct airwire *m, const char *name, unsigned handle, size_t size,
                          const struct airwire_bytes *data, char *text, size_t room)
{
    char first[10], second[10];
    struct airwire_bytes args[2];
    struct line line = {0};

    args[0] = decimal(handle, first);
    args[1] = decimal((uint32_t)size, second);
    line.verb = name;
    line.args = args;
    line.count = size ? 2 : 1;
    line.data = data;
    return transact(m, &line, text, room, data ? AIRWIRE_WRITE_MS : AIRWIRE_COMMAND_MS);
}

int airwire_stream_poll(struct airwire *m, unsigned handle, enum airwire_state *state)
{
    unsigned digit;
    int result = stream_command(m, "stream_poll", handle, 0, NULL, NULL, 0);

    if (result == AIRWIRE_OK)
        result = digit_said(m, AIRWIRE_CLOSED, &digit);
    if (result == AIRWIRE_OK)
        *state = (enum airwire_state)digit;
    return result;
}

/* A refusal to read is the end only where the module has the stream no more; otherwise (it may be
 * short of memory) what was to be read is there yet. */
static int end_or(struct airwire *m, int refusal, unsigned handle)
{
    int result = airwire_run(m, "stream_poll all", NULL, AIRWIRE_COMMAND_MS);
    const char *at;

    if (result != AIRWIRE_OK)
        return result;
    /* Eight lines of "0,1" fit into what is kept. */
    for (at = m->said; *at; at++) {
        if (at[1] == ',' && (unsigned)(*at - '0') == handle)
            return refusal;
    }
    return AIRWIRE_END;
}

static int read_once(struct airwire *m, unsigned handle, void *data, size_t room, size_t *size)
{
    int result = stream_command(m, "stream_read", handle, room, NULL, data, room);

    if (result == AIRWIRE_OK && m->size > room)
        return AIRWIRE_UNEXPECTED;
    if (result == AIRWIRE_OK)
        *size = m->size;
    return result == AIRWIRE_FAILED ? end_or(m, result, handle) : result;
}

int airwire_stream_read(struct airwire *m, unsigned handle, void *data, size_t room, size_t *size)
{
    enum airwire_state state;
    int result;

    *size = 0;
    if (room > AIRWIRE_MAX_READ)
        room = AIRWIRE_MAX_READ;
    if (room == 0)
        return AIRWIRE_NOT_SENT;
    result = read_once(m, handle, data, room, size);
    if (result != AIRWIRE_OK || *size)
        return result;
    result = airwire_stream_poll(m, handle, &state);
    if (result == AIRWIRE_FAILED)
        return end_or(m, result, handle);
    if (result != AIRWIRE_OK || state != AIRWIRE_CLOSED)
        return result;
    /* Data may have come between the question and the end. */
    result = read_once(m, handle, data, room, size);
    return result == AIRWIRE_OK && !*size ? AIRWIRE_END : result;
}

int airwire_stream_write(struct airwire *m, unsigned handle, const void *data, size_t size)
{
    struct airwire_bytes piece;
    size_t most = m->piece && m->piece < AIRWIRE_MAX_DATA ? m->piece : AIRWIRE_MAX_DATA;
    int result = AIRWIRE_OK;

    piece.at = data;
    while (size && result == AIRWIRE_OK) {
        piece.size = size < most ? size : most;
        result = stream_command(m, "stream_write", handle, piece.size, &piece, NULL, 0);
        piece.at = (const char *)piece.at + piece.size;
        size -= piece.size;
    }
    return result;
}

/* A row `# 0 TCPC  info` from `at` on: where the next one begins, NULL when it is none. */
static char *parse_row(char *at, struct airwire_row *row)
{
    if (at[0] != '#' || at[1] != ' ' || at[2] < '0' || at[2] >= '0' + AIRWIRE_STREAMS
        || at[3] != ' ')
        return NULL;
    row->handle = (unsigned)(at[2] - '0');
    at += 4;
    row->type = at;
    while (*at && *at != ' ' && *at != '\r')
        at++;
    while (*at == ' ')
        *at++ = '\0';
    row->info = at;
    while (*at && *at != '\r')
        at++;
    if (*at) { /* CR LF */
        *at++ = '\0';
        at += *at == '\n';
    }
    return at;
}

int airwire_stream_list(struct airwire *m, struct airwire_reply *reply,
                        struct airwire_row rows[AIRWIRE_STREAMS], size_t *count)
{
    int result = airwire_run(m, "stream_list", reply, AIRWIRE_COMMAND_MS);
    char *at = reply->text;

    *count = 0;
    if (result != AIRWIRE_OK)
        return result;
    if (*at != '!')
        return AIRWIRE_UNEXPECTED;
    while (*at && *at++ != '\n')
        ;
    while (*at) {
        if (*count == AIRWIRE_STREAMS || !(at = parse_row(at, &rows[*count])))
            return AIRWIRE_UNEXPECTED;
        ++*count;
    }
    return AIRWIRE_OK;
}

int airwire_stream_close(struct airwire *m, unsigned handle)
{
    return stream_command(m, "stream_close", handle, 0, NULL, NULL, 0);
}

const char *airwire_said(const struct airwire *m)
{
    return m->said;
}

const char *airwire_result(int result)
{
    static const char *const refusals[] = {
        "success",           "command failed",     "parse error",    "unknown command",
        "too few arguments", "too many arguments", "unknown option", "invalid argument",
        "buffer overflow",   "bounds error",
    };
    static const char *const others[] = {
        "no answer in time",
        "the answer was not a frame",
        "the module has restarted",
        "the answer is longer than its buffer",
        "the stream has ended",
        "cannot be sent",
        "the port takes no bytes",
        "not the answer to this command",
    };

    if (result >= AIRWIRE_OK && result <= AIRWIRE_BOUNDS_ERROR)
        return refusals[result];
    if (result < 0 && result >= AIRWIRE_UNEXPECTED)
        return others[-1 - result];
    return "unknown result";
}
