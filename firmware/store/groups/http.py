# Variables of the HTTP client: http.client.*
VARIABLES = (
    (
        "http.client.timeout",
        "ht c t",
        "int 100 600000",
        "30000",
        "rw",
        "next",
        "Milliseconds to wait for an answer of an HTTP server, or for more of it",
    ),
)
