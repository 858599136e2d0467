// An Airwire module behind a Stream: the driver in C (driver/airwire.h) for Arduino.
//
// What its functions return is said there: AIRWIRE_OK, the module's result code 1 to 9, or a number
// below 0, which text() has words for. Set up the serial port before the first call.
#ifndef AIRWIRE_ARDUINO_H
#define AIRWIRE_ARDUINO_H

#include <Arduino.h>

#include "driver/airwire.h"

class Airwire {
 public:
  // A line of the module's log. It may not use the module.
  typedef void (*Log)(const char *text);

  explicit Airwire(Stream &port);

  // Have log lines go to a function; they come from system.print_level 1 on. 127 bytes at most.
  void onLog(Log log);

  // Find the module; commands do that by themselves.
  int sync() { return airwire_sync(&module_); }

  // Run a command line; what is answered, NUL-terminated, into `room` bytes. `ms` of silence end
  // the wait.
  int run(const char *line, char *answer = 0, size_t room = 0,
          uint32_t ms = AIRWIRE_COMMAND_MS);

  int get(const char *variable, char *value, size_t room) {
    return airwire_get(&module_, variable, value, room);
  }
  int set(const char *variable, const char *value) {
    return airwire_set(&module_, variable, value);
  }

  // Join a network; up to a minute.
  int join(const char *ssid, const char *passkey);

  // Open a stream, use it, close it.
  int tcpClient(const char *host, uint16_t port, unsigned &handle) {
    return airwire_tcp_client(&module_, host, port, &handle);
  }
  int udpClient(const char *host, uint16_t port, unsigned &handle) {
    return airwire_udp_client(&module_, host, port, &handle);
  }
  int poll(unsigned handle, airwire_state &state) {
    return airwire_stream_poll(&module_, handle, &state);
  }
  int read(unsigned handle, void *data, size_t room, size_t &size) {
    return airwire_stream_read(&module_, handle, data, room, &size);
  }
  int write(unsigned handle, const void *data, size_t size) {
    return airwire_stream_write(&module_, handle, data, size);
  }
  int close(unsigned handle) { return airwire_stream_close(&module_, handle); }

  // The module's own words in its last answer; a result in words.
  const char *said() const { return airwire_said(&module_); }
  static const char *text(int result) { return airwire_result(result); }

  // For all else that the driver in C has.
  struct airwire *driver() { return &module_; }

 private:
  static int send(void *self, const void *data, size_t size);
  static int receive(void *self, uint32_t ms);
  static void hear(void *self, const char *text, size_t size);

  Airwire(const Airwire &);  // the driver knows where it is
  Airwire &operator=(const Airwire &);

  Stream &port_;
  Log log_;
  struct airwire module_;
  char line_[128];
};

#endif
