"""Every method of imaplib against a server: imaplib-session.py PORT TLSPORT. Says "done" at the end."""
import imaplib, re, ssl, sys, time

port, tls_port = int(sys.argv[1]), int(sys.argv[2])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def ok(answer, wanted="OK"):
    kind, data = answer
    assert kind == wanted, answer
    return data


def number(data):
    return [int(word) for word in (data[0] or b"").split()]


def message(subject, body, extra=b""):
    return b"From: a@example.org\r\nSubject: " + subject + b"\r\nMessage-ID: <" + subject.replace(b" ", b".") + b"@x>\r\n" + extra + b"\r\n" + body


# Login in all ways
with imaplib.IMAP4("127.0.0.1", port) as plain:
    assert "STARTTLS" in plain.capabilities, plain.capabilities
    assert "IMAP4REV1" in plain.capabilities
    try:
        plain.login("tester", "wrong")
        raise SystemExit("A wrong password was taken")
    except imaplib.IMAP4.error as error:
        assert "AUTHENTICATIONFAILED" in str(error), error
    ok(plain.login("tester", 'pass'))
    assert plain.state == "AUTH"
with imaplib.IMAP4_SSL("127.0.0.1", tls_port, ssl_context=context) as secure:
    ok(secure.authenticate("PLAIN", lambda _: b"\0tester\0pass"))
    ok(secure.noop())

server = imaplib.IMAP4("127.0.0.1", port)
ok(server.starttls(context))
assert "STARTTLS" not in server.capabilities, server.capabilities
ok(server.login("tester", "pass"))
assert "UIDPLUS" in " ".join(server.capability()[1][0].decode().split())
ok(server.namespace())
ok(server.noop())

# Mailboxes
ok(server.create("INBOX.work"))
ok(server.create("INBOX.work.deep"))
ok(server.create('"INBOX.two words"'))
ok(server.create("INBOX.Entw&APw-rfe"))
ok(server.create("INBOX.work"), "NO")
names = b"\n".join(ok(server.list()))
for name in (b"INBOX.work.deep", b'"INBOX.two words"', b"INBOX.Entw&APw-rfe"):
    assert name in names, names
assert len(ok(server.list("INBOX.", "%"))) == 3
assert b"deep" in ok(server.list('""', "INBOX.work.*"))[0]
ok(server.subscribe("INBOX.work"))
ok(server.subscribe('"INBOX.two words"'))
assert len(ok(server.lsub())) >= 2
ok(server.unsubscribe("INBOX.work"))
assert b"INBOX.work" not in b"\n".join(line or b"" for line in ok(server.lsub()))
ok(server.rename("INBOX.work", "INBOX.job"))
assert b"INBOX.job.deep" in b"\n".join(ok(server.list()))
ok(server.select("INBOX.nothing"), "NO")
ok(server.delete("INBOX.nothing"), "NO")

# Messages
stamp = imaplib.Time2Internaldate(1700000000)
for subject, body, flags, date in (
    (b"first", b"alpha\r\n", None, None),
    (b"second", b"beta\r\n", "(\\Seen \\Flagged)", stamp),
    (b"Re: first", b"gamma\r\n", "(\\Answered $Label1)", None),
    (b"none", b"", "", None),
    (b"no end", b"no line end", None, None),
):
    extra = b"References: <first@x>\r\n" if subject.startswith(b"Re") else b""
    data = ok(server.append("INBOX.job", flags, date, message(subject, body, extra)))
    assert b"APPENDUID" in data[0], data
ok(server.append("INBOX.nothing", None, None, b"x\r\n"), "NO")
assert b"TRYCREATE" in server.append("INBOX.nothing", None, None, b"x\r\n")[1][0]

status = ok(server.status("INBOX.job", "(MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)"))[0]
assert b"MESSAGES 5" in status and b"UNSEEN 4" in status, status
assert number(ok(server.select("INBOX.job"))) == [5]
assert server.response("UIDVALIDITY")[1][0]
assert b"\\*" in server.response("PERMANENTFLAGS")[1][0]
assert server.recent()[1]
ok(server.check())

data = ok(server.fetch("2", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])"))
head, text = data[0]
assert text == message(b"second", b"beta\r\n"), text
assert b"\\Flagged" in head and b"RFC822.SIZE %d" % len(text) in head, head
assert time.mktime(imaplib.Internaldate2tuple(head)) == 1700000000, head
assert b"\\Recent" in b"".join(imaplib.ParseFlags(head)) or imaplib.ParseFlags(head)
assert ok(server.fetch("4", "RFC822"))[0][1] == message(b"none", b"")  # its header ends it
# Stored messages end with a line end.
assert ok(server.fetch("5", "(BODY.PEEK[])"))[0][1] == message(b"no end", b"no line end\r\n")
assert ok(server.fetch("1", "(BODY.PEEK[TEXT]<1.3>)"))[0][1] == b"lph"
assert ok(server.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))[0][1] == b"Subject: first\r\n\r\n"

assert number(ok(server.search(None, "ALL"))) == [1, 2, 3, 4, 5]
assert number(ok(server.search(None, "FLAGGED"))) == [2]
assert number(ok(server.search("UTF-8", "SUBJECT", '"first"'))) == [1, 3]
assert number(ok(server.search(None, "NOT", "KEYWORD", "$Label1", "BODY", "beta"))) == [2]
server.literal = "gamma".encode()
assert number(ok(server.search("UTF-8", "TEXT"))) == [3]
assert number(ok(server.sort("(REVERSE SUBJECT DATE)", "UTF-8", "ALL")))[-2:] == [1, 3]
assert b"(1 3)" in ok(server.thread("REFERENCES", "UTF-8", "ALL"))[0]
assert ok(server.thread("ORDEREDSUBJECT", "US-ASCII", "ALL"))[0]

assert b"\\Deleted" in ok(server.store("1", "+FLAGS", "(\\Deleted)"))[0]
assert b"\\Deleted" not in ok(server.store("1", "-FLAGS", "(\\Deleted)"))[0]
assert b"other" in ok(server.store("1", "FLAGS", "(\\Seen other)"))[0]
assert ok(server.store("1:3", "+FLAGS.SILENT", "(\\Draft)")) == [None]
assert b"COPYUID" in ok(server.copy("1:2", "INBOX.Entw&APw-rfe"))[0]
ok(server.copy("1", "INBOX.nothing"), "NO")

uids = number(ok(server.uid("SEARCH", None, "ALL")))
assert len(uids) == 5
assert ok(server.uid("FETCH", str(uids[1]), "(FLAGS)"))[0].startswith(b"2 (")
assert ok(server.uid("STORE", str(uids[3]), "+FLAGS", "(\\Deleted)"))
assert ok(server.uid("COPY", str(uids[3]), "INBOX.job.deep"))
assert ok(server.uid("SORT", "(ARRIVAL)", "UTF-8", "ALL"))
assert ok(server.uid("THREAD", "REFERENCES", "UTF-8", "ALL"))
assert number(ok(server.expunge())) == [4]
assert number(ok(server.select("INBOX.job", readonly=True))) == [4]
assert server.is_readonly
ok(server.store("1", "+FLAGS", "(\\Deleted)"), "NO")
ok(server.unselect())
ok(server.select("INBOX.Entw&APw-rfe"))
ok(server.store("1:*", "+FLAGS", "(\\Deleted)"))
ok(server.close())
assert number(ok(server.select("INBOX.Entw&APw-rfe"))) == [0]
ok(server.close())

# ID and MOVE have no method.
imaplib.Commands["ID"] = imaplib.Commands["MOVE"] = ("AUTH", "SELECTED")
ok(server.xatom("ID", '("name" "imaplib")'))
ok(server.select("INBOX.job"))
ok(server.uid("MOVE", str(uids[0]), "INBOX.job.deep"))
assert number(ok(server.search(None, "ALL"))) == [1, 2, 3]
ok(server.getquotaroot("INBOX"))
ok(server.close())
ok(server.delete("INBOX.job.deep"))
ok(server.delete("INBOX.job"))
assert b"job" not in b"\n".join(ok(server.list()))
kind, _ = server.logout()
assert kind == "BYE"

# With UTF-8 names and headers
server = imaplib.IMAP4("127.0.0.1", port)
ok(server.login("tester", "pass"))
ok(server.enable("UTF8=ACCEPT"))
ok(server.create('"INBOX.Grüße"'))
assert "INBOX.Grüße" in b"\n".join(ok(server.list())).decode()
server.logout()
print("done")
