// Sends a reading to a server every minute, and prints what it answers. The module is at Serial1,
// with GND, TX and RX crossed; levels are 3.3 V.
#include <Airwire.h>

Airwire wifi(Serial1);

bool done(const char *what, int result) {
  if (result == AIRWIRE_OK) return true;
  Serial.print(what);
  Serial.print(": ");
  Serial.print(Airwire::text(result));
  Serial.print(". ");
  Serial.println(wifi.said());
  return false;
}

void setup() {
  Serial.begin(115200);
  Serial1.begin(115200);
  if (done("join", wifi.join("my network", "my password"))) Serial.println("joined");
}

void loop() {
  char answer[65];
  unsigned handle;
  size_t size;
  int result;

  if (done("connect", wifi.tcpClient("example.com", 9000, handle))) {
    if (done("send", wifi.write(handle, "21.5\n", 5))) {
      while ((result = wifi.read(handle, answer, sizeof answer - 1, size)) == AIRWIRE_OK) {
        answer[size] = '\0';
        Serial.print(answer);
      }
      if (result != AIRWIRE_END) done("read", result);
    }
    wifi.close(handle);
  }
  delay(60000);
}
