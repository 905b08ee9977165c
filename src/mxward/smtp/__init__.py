"""SMTP, spoken without a socket: bytes and decisions in, bytes and wishes out (RFC 5321).

    vocabulary   what can happen (events) and what to do (effects): all that the I/O half sees
    relay        one client's session: its commands, in their order
    dialogue     the client's bytes -> one command at a time
    commands     a command line -> a command, or the reply that says what is wrong with it
    phases       what a session waits for, and for how long
    transactions what becomes of the commands: recipients, message, verdict
    envelope     one message's sender and recipients, and the route they share
    message      one message's stream, and what may yet be said against it
    delivery     the way on: endpoints in turn, connections that are kept
    hop          one upstream connection: greeting, EHLO, MAIL, RCPT, DATA as a client
    replies      replies to write, and a reader for an upstream's
    extensions   what an EHLO reply offers, and what of it we may offer on
    data         the message as it streams by: ends at CRLF.CRLF, leaves canonical
    headers      the top of that stream, looked at for loops
    loops        whether a message comes back from the scanner it was sent to
    rerouting    Received line with mark, memory of what was rerouted, rate caps
    refusals     a decision -> the reply a stranger can act on
    loglines     what the log is told
    identity     PROXY v1 and v2 headers, which tell an upstream who the client is

Supported: HELO, EHLO, MAIL, RCPT, DATA, RSET, NOOP, VRFY (252), HELP, QUIT; PIPELINING (2920), SIZE
(1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461) and ENHANCEDSTATUSCODES (2034) as the mail
server offers them. Not supported, and not offered: STARTTLS, AUTH, CHUNKING, EXPN, ETRN, TURN.
"""


class ProtocolError(Exception):
    """The peer broke the protocol; its text is fit for a log. The only error the readers raise."""
