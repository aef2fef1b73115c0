"""Cyrus SASL as Postfix uses it: checks `name TAB password` of each input line, prints the library's result (0: right, -13: wrong)."""
import ctypes
import sys

lib = ctypes.CDLL('libsasl2.so.2')
assert lib.sasl_server_init(None, b'courier') == 0
conn = ctypes.c_void_p()
assert lib.sasl_server_new(b'smtp', None, None, None, None, None, 0, ctypes.byref(conn)) == 0
for line in sys.stdin.buffer:
    user, password = line.rstrip(b'\n').split(b'\t')
    print(lib.sasl_checkpass(conn, user, len(user), password, len(password)))
