# Variables of the GPIOs: gpio.*
VARIABLES = (
    ("gpio.alias", "gp a", "index gpio text 0 15", "", "rw", "now", "Name of a GPIO"),
    (
        "gpio.init",
        "gp i",
        "index gpio direction",
        "none",
        "rw",
        "reboot",
        "Direction of a GPIO after the start, and the level of an output",
    ),
    (
        "gpio.sleep",
        "gp s",
        "index gpio enum default|input_highz|input_pull_up|input_pull_down|output_low|output_high",
        "default",
        "rw",
        "next",
        "State of a GPIO while the module sleeps",
    ),
    ("gpio.usage", "gp u", "lines", "", "ro", "now", "The GPIOs in use, and what uses them"),
)
