"""Logs in with imaplib in every way that Python has itself: CRAM-MD5, and what a program adds to it."""
import base64, hashlib, hmac, imaplib, ssl, sys

port, tls_port, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
user, password = "ann@corp.example", "secret"
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def refused(call, text="AUTHENTICATIONFAILED"):
    try:
        call()
    except imaplib.IMAP4.error as error:
        assert text in str(error), error
        return
    raise SystemExit("was not refused")


with imaplib.IMAP4("127.0.0.1", port) as server:
    assert "AUTH=CRAM-MD5" in server.capabilities, server.capabilities
    assert "AUTH=OAUTHBEARER" not in server.capabilities, server.capabilities
    server.login_cram_md5(user, password)
    assert server.noop()[0] == "OK"

for name in ("CRAM-SHA1", "CRAM-SHA256"):
    digest = name[5:].lower()
    with imaplib.IMAP4("127.0.0.1", port) as server:
        server.authenticate(name, lambda challenge: (user + " " + hmac.new(password.encode(), challenge, digest).hexdigest()).encode())

with imaplib.IMAP4_SSL("127.0.0.1", tls_port, ssl_context=context) as server:
    assert "AUTH=OAUTHBEARER" in server.capabilities and "AUTH=XOAUTH2" in server.capabilities, server.capabilities
    server.authenticate("XOAUTH2", lambda _: f"user={user}\1auth=Bearer {token}\1\1".encode())

with imaplib.IMAP4_SSL("127.0.0.1", tls_port, ssl_context=context) as server:
    challenges = []

    def bearer(challenge):
        challenges.append(challenge)
        return f"n,a={user},\1auth=Bearer {token}x\1\1".encode() if len(challenges) == 1 else b"\1"

    refused(lambda: server.authenticate("OAUTHBEARER", bearer))
    assert challenges == [b"", b'{"status":"invalid_token"}'], challenges
    server.authenticate("OAUTHBEARER", lambda _: f"n,a={user},\1auth=Bearer {token}\1\1".encode())

with imaplib.IMAP4("127.0.0.1", port) as server:
    refused(lambda: server.authenticate("OAUTHBEARER", lambda _: b"x"), "PRIVACYREQUIRED")
    refused(lambda: server.authenticate("CRAM-MD5", lambda _: None), "cancelled")
    refused(lambda: server.login_cram_md5(user, "wrong"))
print("done")
