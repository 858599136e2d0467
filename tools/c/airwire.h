/* A driver for a host MCU: an Airwire module behind a UART, in machine mode.
 *
 * C99, without allocation, operating system, printf and global state. The host gives two functions,
 * one that sends bytes and one that waits for a byte; everything else is in a struct that it owns.
 *
 *     static struct airwire module;
 *     unsigned handle;
 *
 *     airwire_init(&module, uart_send, uart_get, NULL);
 *     if (airwire_set(&module, "wlan.ssid", "workshop") == AIRWIRE_OK
 *         && airwire_set(&module, "wlan.passkey", "correct horse") == AIRWIRE_OK
 *         && airwire_tcp_client(&module, "example.com", 80, &handle) == AIRWIRE_OK)
 *         airwire_stream_write(&module, handle, "HEAD / HTTP/1.0\r\n\r\n", 19);
 *
 * Every call blocks until the module has answered, or has been silent for too long; none of them
 * reads for ever, whatever comes. One at a time, and none of them from the two functions or from a
 * log function. MIT licence, see LICENSE.
 */
#ifndef AIRWIRE_H
#define AIRWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the calls return: 0 for success, the module's result code, or a number below 0. */
enum airwire_result {
    AIRWIRE_OK = 0,
    /* The module has refused the command: airwire_said() has its own words. */
    AIRWIRE_FAILED = 1,             /* understood, and could not be carried out */
    AIRWIRE_PARSE_ERROR = 2,        /* the line cannot be split into words */
    AIRWIRE_UNKNOWN_COMMAND = 3,    /* this firmware has no such command */
    AIRWIRE_TOO_FEW_ARGUMENTS = 4,
    AIRWIRE_TOO_MANY_ARGUMENTS = 5, /* than the command takes */
    AIRWIRE_UNKNOWN_OPTION = 6,     /* no such option, variable or help topic */
    AIRWIRE_INVALID_ARGUMENT = 7,   /* one that the command or the variable does not take */
    AIRWIRE_BUFFER_OVERFLOW = 8,    /* the line, or what was to be kept, is too long */
    AIRWIRE_BOUNDS_ERROR = 9,       /* a number outside of its range */
    /* After these three the command may or may not have been run. The next one finds the module
     * again before it is sent, which takes 14 s where there is none. */
    AIRWIRE_TIMEOUT = -1,   /* no answer, not a byte, in time */
    AIRWIRE_LOST = -2,      /* the answer was no frame: bytes were lost on the line */
    AIRWIRE_RESTARTED = -3, /* the module has started anew: its streams are gone, and its settings
                             * are those that were saved. With machine mode saved it says nothing
                             * at its start, and this is an AIRWIRE_TIMEOUT or passes unnoticed */
    /* After these the module is where it was. */
    AIRWIRE_CUT = -4,        /* done; but the answer is longer than the room for it, and was cut */
    AIRWIRE_END = -5,        /* the other side of the stream has closed, and all has been read */
    AIRWIRE_NOT_SENT = -6,   /* arguments that cannot be sent, and were not */
    AIRWIRE_PORT = -7,       /* the function that sends has failed: otherwise as a time-out */
    AIRWIRE_UNEXPECTED = -8, /* done; but the answer is not of the kind that it must be */
};

/* Silence that ends the wait for an answer, in ms: of most commands; of those that may have to join
 * the network first, and look a name up; of a write to a peer that does not read. */
enum { AIRWIRE_COMMAND_MS = 10000, AIRWIRE_NETWORK_MS = 75000, AIRWIRE_WRITE_MS = 60000 };

/* Sizes in bytes: of a command line, the data of a command, one answer of stream_read, a datagram,
 * and what goes into the module's UART buffer without flow control. */
enum {
    AIRWIRE_MAX_LINE = 512,
    AIRWIRE_MAX_DATA = 65536,
    AIRWIRE_MAX_READ = 4096,
    AIRWIRE_MAX_DATAGRAM = 1472,
    AIRWIRE_PIECE = 4096
};

enum { AIRWIRE_STREAMS = 8 }; /* handles are 0 to 7 */

/* What airwire_stream_poll() finds. */
enum airwire_state { AIRWIRE_NO_DATA = 0, AIRWIRE_DATA = 1, AIRWIRE_CLOSED = 2 };

/* Send all of `data`; 0, or a number below 0 when the line takes no bytes. */
typedef int (*airwire_write_fn)(void *user, const void *data, size_t size);

/* The next byte from the module, 0 to 255, or a number below 0 when none has come within `ms`
 * milliseconds. With 0 only one that has come already. */
typedef int (*airwire_read_fn)(void *user, uint32_t ms);

/* A line of the module's log, NUL-terminated; size is its length before it was cut to the buffer.
 * Called in the midst of other calls: it may not use the module. */
typedef void (*airwire_log_fn)(void *user, const char *text, size_t size);

/* Bytes that need no terminator: an argument, or the data of a command. */
struct airwire_bytes {
    const void *at;
    size_t size;
};

/* Where an answer goes. The caller sets text and room; the call sets size, the length of the whole
 * answer in bytes. The text is NUL-terminated, and cut where it is longer than room - 1. */
struct airwire_reply {
    char *text;
    size_t room;
    size_t size;
};

/* A row of the table of streams: type "TCPC", "FILE" and so on, info what it is connected to. */
struct airwire_row {
    unsigned handle;
    const char *type, *info;
};

/* A module. `piece` and `safe_mode` are for everybody, the rest is the driver's. */
struct airwire {
    /* How much of a stream is sent at once: with flow control on, up to 65,536. */
    size_t piece;
    /* Whether the last answer came from a module in safe mode. */
    bool safe_mode;

    airwire_write_fn write;
    airwire_read_fn read;
    void *user;

    airwire_log_fn log;
    char *log_text;
    size_t log_room;

    bool adrift;           /* the thread is lost: synchronise before the next command */
    uint8_t hellos;        /* empty lines of the last hello */
    uint32_t budget;       /* bytes that the call may read yet */
    uint32_t skipped;      /* bytes of the wait that belonged to no frame */
    char tail[8];          /* the last of them */
    char letter;           /* of the frame that is being read */
    uint8_t code, seen;    /* its result code; how many bytes of its header have come */
    bool sound;            /* its payload ends as it must, as far as it has come */
    uint32_t length, at;   /* of its payload: how long it is, how much has come */
    char *sink;            /* where the payload goes, */
    size_t sink_room;      /* and how much of it */
    size_t size;           /* of the last answer */
    char said[48];         /* its beginning, NUL-terminated */
};

/* Begin with a module, over a UART that is set up. Sends nothing: the first command finds the
 * module, whatever it is doing. `user` is handed to the functions. */
void airwire_init(struct airwire *module, airwire_write_fn write, airwire_read_fn read, void *user);

/* Have the module's log lines (they come from system.print_level 1 on) go to `log`, each by way of
 * `text`, `room` bytes that stay the driver's. Without it they are dropped. */
void airwire_on_log(struct airwire *module, airwire_log_fn log, char *text, size_t room);

/* Bring the module into machine mode with nothing outstanding, from whatever it is doing; half a
 * line that stands in it is not run. Commands do this by themselves where it is needed. Up to 14 s;
 * AIRWIRE_TIMEOUT, AIRWIRE_LOST (something else is there), AIRWIRE_PORT. */
int airwire_sync(struct airwire *module);

/* Take log lines, until the module has been silent for `ms`. AIRWIRE_RESTARTED when it says that it
 * has started. */
int airwire_listen(struct airwire *module, uint32_t ms);

/* Run a command line that is written as for a person: quoted where needed, no line end. The answer
 * goes to `reply`, which may be NULL. `ms` of silence end the wait. */
int airwire_run(struct airwire *module, const char *line, struct airwire_reply *reply, uint32_t ms);

/* Run the command `name` with `count` arguments, which are quoted as they need it, whatever bytes
 * they hold. `data`, if not NULL, follow the line, where the command announces how many: 1 to
 * 65,536, and as many as there are: it awaits what is missing, and takes what is too much for the
 * next line. Otherwise as airwire_run(). */
int airwire_command(struct airwire *module, const char *name, const struct airwire_bytes *args,
                    size_t count, const struct airwire_bytes *data, struct airwire_reply *reply,
                    uint32_t ms);

/* A variable's value, NUL-terminated, into `room` bytes. An index follows the name: "uart.baud 1". */
int airwire_get(struct airwire *module, const char *variable, char *value, size_t room);

/* Set a variable, likewise; any text is a value, and is quoted as it needs it. */
int airwire_set(struct airwire *module, const char *variable, const char *value);

/* Open a stream by the command `name` (file_open, tcp_client ...), as airwire_command(). */
int airwire_open(struct airwire *module, const char *name, const struct airwire_bytes *args,
                 size_t count, unsigned *handle);

/* Open a TCP connection, a UDP stream; the network is joined first if need be. */
int airwire_tcp_client(struct airwire *module, const char *host, uint16_t port, unsigned *handle);
int airwire_udp_client(struct airwire *module, const char *host, uint16_t port, unsigned *handle);

/* Whether data can be read. AIRWIRE_CLOSED: by the other side; what has come may be there yet. */
int airwire_stream_poll(struct airwire *module, unsigned handle, enum airwire_state *state);

/* Read what has come, at most `room` bytes, without waiting; `size` is how many. None with
 * AIRWIRE_OK: there may be some later. AIRWIRE_END: there will be none, and with stream.auto_close
 * 1 the handle is no longer ours. */
int airwire_stream_read(struct airwire *module, unsigned handle, void *data, size_t room,
                        size_t *size);

/* Send `size` bytes, in pieces of `piece`. To a UDP stream each piece is a datagram. */
int airwire_stream_write(struct airwire *module, unsigned handle, const void *data, size_t size);

/* The table of open streams: up to AIRWIRE_STREAMS rows, which point into reply->text, and their
 * number. system.cmd.buffered must be 0. */
int airwire_stream_list(struct airwire *module, struct airwire_reply *reply,
                        struct airwire_row rows[AIRWIRE_STREAMS], size_t *count);

/* Close a stream. AIRWIRE_FAILED for one that is closed already. */
int airwire_stream_close(struct airwire *module, unsigned handle);

/* The beginning of the module's last answer, NUL-terminated: after a refusal, its reason. */
const char *airwire_said(const struct airwire *module);

/* A result in words, for messages: "no answer in time". */
const char *airwire_result(int result);

#ifdef __cplusplus
}
#endif

#endif
