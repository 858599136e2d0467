"""What the numbers of WLAN.status() mean, for a person. The machine that makes them is `air`;
the words are those of the firmware's console."""

from airwire.board import air

_WORDS = {
    air.IDLE: "idle",
    air.CONNECTING: "connecting",
    air.GOT_IP: "joined",
    air.HANDSHAKE_FAILED: "wrong password",
    air.BEACON_TIMEOUT: "access point lost",
    air.NO_AP: "SSID not found",
    air.AUTH_FAIL: "wrong password",
    air.ASSOC_FAIL: "association refused",
    air.WRONG_SECURITY: "security does not match",
}


def words(status: int) -> str:
    """A status in words; the number itself where it has none."""
    return _WORDS.get(status, f"status {status}")
