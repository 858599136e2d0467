// The two functions that the driver in C needs, over a Stream.
#include "Airwire.h"

Airwire::Airwire(Stream &port) : port_(port), log_(0) {
  airwire_init(&module_, send, receive, this);
}

void Airwire::onLog(Log log) {
  log_ = log;
  airwire_on_log(&module_, hear, line_, sizeof line_);
}

int Airwire::run(const char *line, char *answer, size_t room, uint32_t ms) {
  struct airwire_reply reply = {answer, room, 0};

  return airwire_run(&module_, line, answer ? &reply : 0, ms);
}

int Airwire::join(const char *ssid, const char *passkey) {
  int result = set("wlan.ssid", ssid);

  if (result == AIRWIRE_OK) result = set("wlan.passkey", passkey);
  return result == AIRWIRE_OK ? run("network_up", 0, 0, AIRWIRE_NETWORK_MS) : result;
}

int Airwire::send(void *self, const void *data, size_t size) {
  Stream &port = static_cast<Airwire *>(self)->port_;

  return port.write(static_cast<const uint8_t *>(data), size) == size ? 0 : -1;
}

int Airwire::receive(void *self, uint32_t ms) {
  Stream &port = static_cast<Airwire *>(self)->port_;
  uint32_t begin = millis();

  while (port.available() <= 0) {
    if (static_cast<uint32_t>(millis()) - begin >= ms) return -1;
    yield();
  }
  return port.read();
}

void Airwire::hear(void *self, const char *text, size_t) {
  Log log = static_cast<Airwire *>(self)->log_;

  if (log) log(text);
}
