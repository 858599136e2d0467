/* The driver at a port that says anything: cases from standard input, each driven through every
 * function, with buffers that are exactly as large as they are said to be.
 *
 * A case is a line: the sizes of the buffers for answers and log lines, a mode, and what the port
 * says, in hexadecimal. At a comma it waits for a line. Behind the last byte there is silence for
 * ever; in mode 1 the same is said again, for ever, and in mode 2 not all that is sent is taken. Ends
 * with an error when a call reads on without an end, when a text has no terminator, or when more is
 * said to be there than there is room for; what is worse the sanitizers find. Prints how many calls
 * ended with each result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "airwire.h"

/* More than any call may read: it has four tries to be heard, and some commands. */
enum { MOST_READS = 16 * 0x40000 };

enum { FOR_EVER = 1, STUCK = 2 };

struct port {
    const char *said;
    size_t at, size;
    int mode;
    long reads, lines, writes;
};

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static int nibble(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static int port_read(void *user, uint32_t ms)
{
    struct port *port = user;
    int byte;

    (void)ms;
    if (++port->reads > MOST_READS)
        fail("a call reads on for ever");
    if (port->at == port->size && port->mode == FOR_EVER)
        port->at = 0;
    while (port->at < port->size && port->said[port->at] == ',') {
        if (!port->lines && port->mode != FOR_EVER)
            return -1;
        port->lines -= port->lines > 0;
        port->at++;
    }
    if (port->at >= port->size)
        return -1;
    byte = nibble(port->said[port->at]) * 16 + nibble(port->said[port->at + 1]);
    port->at += 2;
    return byte;
}

/* In mode 2 every fifth piece is not taken. */
static int port_write(void *user, const void *data, size_t size)
{
    struct port *port = user;
    const unsigned char *at = data;
    bool line = false;

    while (size--)
        line = *at++ == '\n' || line; /* all of it can be read */
    port->lines += line;
    return port->mode == STUCK && ++port->writes % 5 == 0 ? -1 : 0;
}

static void hear(void *user, const char *text, size_t size)
{
    (void)user;
    if (strlen(text) > size)
        fail("a log line that is longer than it is");
}

static long results[32];

static void count(struct port *port, const struct airwire *module, int result)
{
    if (result < AIRWIRE_UNEXPECTED || result > AIRWIRE_BOUNDS_ERROR)
        fail("a result that does not exist");
    results[result - AIRWIRE_UNEXPECTED]++;
    if (!memchr(module->said, 0, sizeof module->said) || !airwire_result(result)[0])
        fail("words without an end");
    port->reads = 0;
}

static void *room_for(size_t size)
{
    void *room = malloc(size);

    if (!room)
        abort();
    return room;
}

static void check(const struct airwire_reply *reply)
{
    if (reply->room && !memchr(reply->text, 0, reply->room))
        fail("an answer without an end");
}

static void drive(struct port *port, size_t room, size_t log_room)
{
    static const struct airwire_bytes args[] = {{"a b", 3}, {"\0\n\"\\\177\300", 6}, {"", 0}};
    static const struct airwire_bytes data = {"12345", 5};
    struct airwire module;
    struct airwire_row rows[AIRWIRE_STREAMS];
    struct airwire_reply reply = {room_for(room), room, 0};
    char *log = room_for(log_room);
    enum airwire_state state;
    unsigned handle = 0;
    size_t size, i;

    airwire_init(&module, port_write, port_read, port);
    airwire_on_log(&module, hear, log, log_room);
    count(port, &module, airwire_get(&module, "a", reply.text, room));
    check(&reply);
    count(port, &module, airwire_set(&module, "a", "b \""));
    count(port, &module, airwire_run(&module, "version", &reply, 1000));
    check(&reply);
    count(port, &module, airwire_command(&module, "put", args, 3, &data, &reply, 1000));
    check(&reply);
    count(port, &module, airwire_tcp_client(&module, "host", 65535, &handle));
    if (handle >= AIRWIRE_STREAMS)
        fail("no handle");
    count(port, &module, airwire_udp_client(&module, "host", 1, &handle));
    count(port, &module, airwire_stream_poll(&module, handle, &state));
    count(port, &module, airwire_stream_read(&module, handle, reply.text, room, &size));
    if (size > room)
        fail("more was read than there is room for");
    count(port, &module, airwire_stream_write(&module, handle, "1234567", 7));
    module.piece = 3;
    count(port, &module, airwire_stream_write(&module, handle, "1234567", 7));
    count(port, &module, airwire_listen(&module, 10));
    if (room > 0) {
        count(port, &module, airwire_stream_list(&module, &reply, rows, &size));
        if (size > AIRWIRE_STREAMS)
            fail("more rows than streams");
        for (i = 0; i < size; i++) {
            if (rows[i].handle >= AIRWIRE_STREAMS || rows[i].type < reply.text
                || rows[i].info + strlen(rows[i].info) >= reply.text + room)
                fail("a row outside of the answer");
        }
    }
    count(port, &module, airwire_stream_close(&module, handle));
    count(port, &module, airwire_sync(&module));
    free(reply.text);
    free(log);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0, i;
    ssize_t length;

    while ((length = getline(&line, &room, stdin)) > 0) {
        struct port port = {0};
        size_t reply, log;
        int used;

        if (sscanf(line, "%zu %zu %d %n", &reply, &log, &port.mode, &used) != 3)
            fail("not a case");
        port.said = line + used;
        port.size = strcspn(port.said, "\n");
        if (port.size == 0)
            port.mode = 0;
        drive(&port, reply, log);
    }
    free(line);
    for (i = 0; i < sizeof results / sizeof *results; i++) {
        if (results[i])
            printf("%d %ld\n", (int)i + AIRWIRE_UNEXPECTED, results[i]);
    }
    return 0;
}
