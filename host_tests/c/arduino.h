// As much of Arduino as the library and its sketch use. Serial is standard error, Serial1 a line at
// standard input and output.
#ifndef ARDUINO_H
#define ARDUINO_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

inline unsigned long millis() {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<unsigned long>(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

inline void yield() {}

class Stream {
 public:
  Stream(int in, int out) : in_(in), out_(out) {}
  void begin(unsigned long) {}
  int available() {
    struct pollfd ready = {in_, POLLIN, 0};
    return poll(&ready, 1, 0) > 0;
  }
  int read() {
    uint8_t byte;
    return ::read(in_, &byte, 1) == 1 ? byte : -1;
  }
  size_t write(const uint8_t *data, size_t size) {
    ssize_t taken = ::write(out_, data, size);
    return taken < 0 ? 0 : static_cast<size_t>(taken);
  }
  size_t print(const char *text) {
    return write(reinterpret_cast<const uint8_t *>(text), strlen(text));
  }
  size_t println(const char *text) { return print(text) + print("\r\n"); }

 private:
  int in_, out_;
};

extern Stream Serial, Serial1;

void delay(unsigned long ms);  // of the test's main program
void setup();
void loop();

#endif
