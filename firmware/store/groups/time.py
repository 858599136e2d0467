# Variables of time: time.*
VARIABLES = (
    (
        "time.last_set",
        "ti l",
        "formats ms int -1 1073741823",
        "",
        "ro",
        "now",
        "Seconds since the clock was set, -1 = never; ms: milliseconds",
    ),
    (
        "time.rtc",
        "ti r",
        "formats local|ms|utc int 946684800 4102444799",
        "",
        "volatile",
        "now",
        "Clock, seconds since 1970; ms: milliseconds; utc, local: date and time, in time.zone",
    ),
    (
        "time.uptime",
        "ti u",
        "formats ms int 0 1073741823",
        "",
        "ro",
        "now",
        "Seconds since the start; ms: milliseconds",
    ),
    (
        "time.zone",
        "ti z",
        "zone",
        "0",
        "rw",
        "now",
        "Hours from UTC, [+/-]H[:30]: `get time.rtc local` is in it",
    ),
)
