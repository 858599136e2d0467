# The error lines of TLS handshakes. What mbedTLS says is written here as its sources have it; that
# it really does is another test's, host_tests/board/test_tls_client.py.
import errno

from wire import tls_errors

CERTIFICATE = 3  # the state: the server's certificate has come


def line(error, state=CERTIFICATE):
    code = tls_errors.code(error, state)
    return tls_errors.line(code, state, tls_errors.number(error))


def test_the_checks_of_a_certificate():
    for words, code in (
        ("The certificate is not correctly signed by the trusted CA", 5035),
        ("The certificate validity has expired", 5036),
        ("The certificate validity starts in the future", 5036),
        ("The certificate Common Name (CN) does not match with the expected CN", 5037),
        ("The certificate has been revoked (is on a CRL)", 5038),
        ("The certificate is signed with an unacceptable hash.", 5019),
        (
            "The certificate is signed with an unacceptable key (eg bad curve, RSA too short).",
            5019,
        ),
        ("Usage does not match the extendedKeyUsage extension", 5019),
    ):
        assert tls_errors.code(ValueError("\n%s\n" % words), CERTIFICATE) == code
    both = (
        "\nThe certificate validity has expired\n"
        "The certificate is not correctly signed by the trusted CA\n"
    )
    assert line(ValueError(both)) == b"Error with TLS handshake: 5035 (state: 3, code: -9984)"


def test_numbers_of_mbedtls():
    for number, code in (
        (-24192, 5009),
        (-28160, 5010),
        (-28288, 5004),
        (-29056, 5006),
        (-29184, 5007),
        (-29312, 5020),
        (-29824, 5012),
        (-30336, 5016),
        (-30464, 5017),
        (-30592, 5018),
        (-30848, 5020),
        (-31232, 5019),
        (-26624, 5031),
    ):
        assert tls_errors.code(OSError(number), 1) == code, number
    assert line(OSError(-30592), 1) == b"Error with TLS handshake: 5018 (state: 1, code: -30592)"


def test_a_bad_message_is_told_by_its_state():
    codes = [tls_errors.code(OSError(-29440), state) for state in range(15)]
    assert codes == [
        5032,  # before the first
        5021,  # client hello
        5022,
        5023,  # server's certificate
        5025,
        5024,  # certificate request
        5026,
        5023,  # client's certificate
        5027,
        5028,  # certificate verify
        5029,
        5030,
        5029,
        5030,
        5032,
    ]
    assert tls_errors.code(OSError(-0x2180 - 0x62), CERTIFICATE) == 5023  # X.509 and ASN.1


def test_the_network():
    failed = OSError(errno.ECONNRESET)
    assert line(failed, 4) == b"Error with TLS handshake: 5001 (state: 4, code: -104)"
    assert tls_errors.code(OSError(-113), 4) == 5001


def test_no_memory_is_told_as_documented():
    for number in (errno.ENOMEM, 16, -0x7F00, -0x2880, -0x4D80):
        assert tls_errors.code(OSError(number), 0) == 5003
        assert line(OSError(number), 0) == b"Error with TLS handshake: 5035"


def test_keys_and_certificates_of_ours():
    assert line(ValueError("invalid key"), 0) == (
        b"Error with TLS handshake: 5033 (state: 0, code: -16000)"
    )
    assert line(ValueError("invalid cert"), 0) == (
        b"Error with TLS handshake: 5033 (state: 0, code: -10240)"
    )
