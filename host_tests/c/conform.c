/* The driver behind a pipe, so that a test can use it as it uses airwire.client.
 *
 *     conform PORT|fd:N [DIVISOR]
 *
 * A request is a line of words, an answer one too: the result, and what came with it. Bytes are in
 * hexadecimal behind a dot. Log lines come before the answer, as `log` and their text. All
 * time-outs are divided by DIVISOR. Each buffer is as large as its room, so that the sanitizers see
 * a byte too many.
 *
 *     command MS ROOM NAME .ARG ... [+ .DATA]     line MS ROOM .TEXT      get .NAME ROOM
 *     set .NAME .VALUE      open NAME .ARG ...    tcp .HOST PORT          udp .HOST PORT
 *     poll HANDLE           read HANDLE ROOM      write HANDLE .DATA      list ROOM
 *     close HANDLE          listen MS             sync                    piece SIZE
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "airwire.h"

enum { ARGS = 20 };

struct port {
    int fd;
    uint32_t divisor;
    size_t at, size;
    unsigned char waiting[4096];
};

static void *room_for(size_t size)
{
    void *room = malloc(size); /* of 0 bytes, too */

    if (!room)
        abort();
    return room;
}

static int port_write(void *user, const void *data, size_t size)
{
    const struct port *port = user;
    const char *at = data;

    while (size) {
        ssize_t n = write(port->fd, at, size);

        if (n < 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

static int port_read(void *user, uint32_t ms)
{
    struct port *port = user;
    struct pollfd ready = {port->fd, POLLIN, 0};
    ssize_t n;

    if (port->at < port->size)
        return port->waiting[port->at++];
    if (poll(&ready, 1, (int)(ms / port->divisor)) <= 0)
        return -1;
    n = read(port->fd, port->waiting, sizeof port->waiting);
    if (n <= 0)
        return -1;
    port->size = (size_t)n;
    port->at = 1;
    return port->waiting[0];
}

static int port_open(const char *name)
{
    struct termios line;
    int fd;

    if (strncmp(name, "fd:", 3) == 0)
        return atoi(name + 3);
    fd = open(name, O_RDWR | O_NOCTTY);
    if (fd >= 0 && tcgetattr(fd, &line) == 0) {
        cfmakeraw(&line);
        cfsetspeed(&line, B115200);
        tcsetattr(fd, TCSANOW, &line);
    }
    return fd;
}

static void print_bytes(const void *data, size_t size)
{
    const unsigned char *at = data;

    printf(" .");
    while (size--)
        printf("%02x", *at++);
}

static void log_line(void *user, const char *text, size_t size)
{
    (void)user;
    (void)size;
    printf("log");
    print_bytes(text, strlen(text));
    printf("\n");
}

static char *word(void)
{
    char *found = strtok(NULL, " \n");

    if (!found)
        abort();
    return found;
}

static size_t number(void)
{
    return strtoul(word(), NULL, 10);
}

/* The bytes that a word stands for, in a block of their own size. */
static struct airwire_bytes bytes_of(const char *text)
{
    struct airwire_bytes bytes;
    size_t i;
    char *at;

    bytes.size = strlen(text + 1) / 2;
    at = room_for(bytes.size);
    for (i = 0; i < bytes.size; i++) {
        unsigned byte = 0;

        sscanf(text + 1 + 2 * i, "%2x", &byte);
        at[i] = (char)(unsigned char)byte;
    }
    bytes.at = at;
    return bytes;
}

static char *text_of(const char *from)
{
    struct airwire_bytes bytes = bytes_of(from);
    char *text = room_for(bytes.size + 1);

    memcpy(text, bytes.at, bytes.size);
    text[bytes.size] = '\0';
    free((void *)bytes.at);
    return text;
}

/* The words that are left: arguments, and behind a plus the data; true where there are some. */
static bool arguments(struct airwire_bytes *args, size_t *count, struct airwire_bytes *data)
{
    char *next;
    bool behind = false;

    *count = 0;
    while ((next = strtok(NULL, " \n"))) {
        if (*next == '+')
            behind = true;
        else if (behind)
            *data = bytes_of(next);
        else if (*count < ARGS)
            args[(*count)++] = bytes_of(next);
        else
            abort();
    }
    return behind;
}

static void release(const struct airwire_bytes *args, size_t count)
{
    while (count)
        free((void *)args[--count].at);
}

static struct airwire_reply reply_of(size_t room)
{
    struct airwire_reply reply = {room_for(room), room, 0};

    return reply;
}

/* The result, and the text of the answer as far as there was room for it. */
static void answer(const struct airwire *module, int result, const struct airwire_reply *reply)
{
    size_t kept = reply->size < reply->room ? reply->size : reply->room ? reply->room - 1 : 0;

    printf("%d %d %zu", result, module->safe_mode, reply->size);
    print_bytes(reply->text, kept);
    free(reply->text);
}

static void run_command(struct airwire *module, bool opening)
{
    struct airwire_bytes args[ARGS], data = {0};
    size_t count;
    unsigned handle = 99;

    if (opening) {
        const char *name = word();

        arguments(args, &count, &data);
        printf("%d", airwire_open(module, name, args, count, &handle));
        printf(" %u", handle);
        print_bytes(airwire_said(module), strlen(airwire_said(module)));
    } else {
        uint32_t ms = (uint32_t)number();
        struct airwire_reply reply = reply_of(number());
        const char *name = word();
        bool follows = arguments(args, &count, &data);
        int result = airwire_command(module, name, args, count, follows ? &data : NULL, &reply, ms);

        answer(module, result, &reply);
    }
    release(args, count);
    free((void *)data.at);
}

static void run_line(struct airwire *module)
{
    uint32_t ms = (uint32_t)number();
    struct airwire_reply reply = reply_of(number());
    char *line = text_of(word());

    answer(module, airwire_run(module, line, &reply, ms), &reply);
    free(line);
}

static void run_variable(struct airwire *module, bool setting)
{
    char *name = text_of(word());

    if (setting) {
        char *value = text_of(word());
        int result = airwire_set(module, name, value);

        printf("%d", result);
        print_bytes(airwire_said(module), strlen(airwire_said(module)));
        free(value);
    } else {
        size_t room = number();
        char *value = room_for(room);
        int result = airwire_get(module, name, value, room);

        printf("%d", result);
        print_bytes(value, room ? strlen(value) : 0);
        free(value);
    }
    free(name);
}

static void run_client(struct airwire *module, bool udp)
{
    char *host = text_of(word());
    uint16_t port = (uint16_t)number();
    unsigned handle = 99;
    int result = udp ? airwire_udp_client(module, host, port, &handle)
                     : airwire_tcp_client(module, host, port, &handle);

    printf("%d %u", result, handle);
    print_bytes(airwire_said(module), strlen(airwire_said(module)));
    free(host);
}

static void run_read(struct airwire *module)
{
    unsigned handle = (unsigned)number();
    size_t room = number(), size;
    char *data = room_for(room);
    int result = airwire_stream_read(module, handle, data, room, &size);

    printf("%d", result);
    print_bytes(data, size);
    free(data);
}

static void run_write(struct airwire *module)
{
    unsigned handle = (unsigned)number();
    struct airwire_bytes data = bytes_of(word());

    printf("%d", airwire_stream_write(module, handle, data.at, data.size));
    free((void *)data.at);
}

static void run_list(struct airwire *module)
{
    struct airwire_reply reply = reply_of(number());
    struct airwire_row rows[AIRWIRE_STREAMS];
    size_t count = 0, i;

    printf("%d", airwire_stream_list(module, &reply, rows, &count));
    for (i = 0; i < count; i++) {
        printf(" %u", rows[i].handle);
        print_bytes(rows[i].type, strlen(rows[i].type));
        print_bytes(rows[i].info, strlen(rows[i].info));
    }
    free(reply.text);
}

static void run(struct airwire *module, const char *what)
{
    enum airwire_state state = AIRWIRE_NO_DATA;

    if (strcmp(what, "command") == 0 || strcmp(what, "open") == 0) {
        run_command(module, *what == 'o');
    } else if (strcmp(what, "line") == 0) {
        run_line(module);
    } else if (strcmp(what, "get") == 0 || strcmp(what, "set") == 0) {
        run_variable(module, *what == 's');
    } else if (strcmp(what, "tcp") == 0 || strcmp(what, "udp") == 0) {
        run_client(module, *what == 'u');
    } else if (strcmp(what, "poll") == 0) {
        int result = airwire_stream_poll(module, (unsigned)number(), &state);

        printf("%d %d", result, (int)state);
    } else if (strcmp(what, "read") == 0) {
        run_read(module);
    } else if (strcmp(what, "write") == 0) {
        run_write(module);
    } else if (strcmp(what, "list") == 0) {
        run_list(module);
    } else if (strcmp(what, "close") == 0) {
        printf("%d", airwire_stream_close(module, (unsigned)number()));
    } else if (strcmp(what, "listen") == 0) {
        printf("%d", airwire_listen(module, (uint32_t)number()));
    } else if (strcmp(what, "sync") == 0) {
        printf("%d", airwire_sync(module));
    } else if (strcmp(what, "piece") == 0) {
        module->piece = number();
        printf("0");
    } else {
        abort();
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    static struct port port;
    struct airwire module;
    char *line = NULL, log[600];
    size_t room = 0;

    port.fd = argc > 1 ? port_open(argv[1]) : -1;
    port.divisor = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
    if (port.fd < 0) {
        fprintf(stderr, "usage: conform PORT|fd:N [DIVISOR]\n");
        return 2;
    }
    airwire_init(&module, port_write, port_read, &port);
    airwire_on_log(&module, log_line, log, sizeof log);
    while (getline(&line, &room, stdin) > 0) {
        const char *what = strtok(line, " \n");

        if (what)
            run(&module, what);
        fflush(stdout);
    }
    free(line);
    return 0;
}
