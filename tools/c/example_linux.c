/* An example of the driver (airwire.h) on Linux: a module at a serial port joins a network, opens a
 * connection, sends a message and prints the answer. On an MCU only the two functions of the UART
 * are others.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "airwire.h"

/* The UART: all of `data` out, and one byte in. */

static int uart_open(const char *path)
{
    struct termios line;
    int uart = open(path, O_RDWR | O_NOCTTY);

    if (uart < 0 || tcgetattr(uart, &line) < 0)
        return -1;
    cfmakeraw(&line);
    cfsetspeed(&line, B115200);
    return tcsetattr(uart, TCSANOW, &line) < 0 ? -1 : uart;
}

static int uart_send(void *user, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t n = write(*(int *)user, at, size);

        if (n < 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

static int uart_get(void *user, uint32_t ms)
{
    struct pollfd ready = {*(int *)user, POLLIN, 0};
    unsigned char byte;

    if (poll(&ready, 1, (int)ms) <= 0 || read(ready.fd, &byte, 1) != 1)
        return -1;
    return byte;
}

/* What the module says of its own accord, at a system.print_level that lets it. */
static void tell(void *user, const char *text, size_t size)
{
    (void)user;
    (void)size;
    fprintf(stderr, "log: %s\n", text);
}

static int fail(const struct airwire *module, const char *what, int result)
{
    printf("%s: %s. %s\n", what, airwire_result(result), airwire_said(module));
    return 1;
}

int main(int argc, char **argv)
{
    static struct airwire module; /* zero: it has said nothing yet */
    static char log[128];
    char board[32], answer[512];
    static const char message[] = "W0FAC0B1234";
    unsigned handle;
    size_t size;
    int uart, result;

    if (argc != 2 || !*argv[1]) {
        printf("usage: %s SERIAL-PORT\n", argv[0]);
        return 2;
    }
    if ((uart = uart_open(argv[1])) < 0) {
        printf("%s: %s\n", argv[1], errno == ENOTTY ? "no serial port" : strerror(errno));
        return 1;
    }
    airwire_init(&module, uart_send, uart_get, &uart);
    airwire_on_log(&module, tell, log, sizeof log);
    if ((result = airwire_get(&module, "system.board", board, sizeof board)) != AIRWIRE_OK)
        return fail(&module, "no module", result);
    printf("found %s\n", board);
    if ((result = airwire_set(&module, "wlan.ssid", "airwire-wpa2")) != AIRWIRE_OK
        || (result = airwire_set(&module, "wlan.passkey", "correct horse")) != AIRWIRE_OK
        || (result = airwire_run(&module, "network_up", NULL, AIRWIRE_NETWORK_MS)) != AIRWIRE_OK)
        return fail(&module, "network", result);
    if ((result = airwire_tcp_client(&module, "host.airwire", 27708, &handle)) != AIRWIRE_OK)
        return fail(&module, "connect", result);
    result = airwire_stream_write(&module, handle, message, strlen(message));
    if (result != AIRWIRE_OK)
        return fail(&module, "write", result);
    while ((result = airwire_stream_read(&module, handle, answer, sizeof answer, &size)) == 0)
        printf("%.*s", (int)size, answer); /* nothing, as long as nothing has come */
    if (result != AIRWIRE_END)
        return fail(&module, "read", result);
    printf("\n");
    return 0;
}
