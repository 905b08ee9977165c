"""SMTP, spoken without a socket: bytes and decisions in, bytes and wishes out (RFC 5321).

    vocabulary     what can happen (events) and what to do (effects): all that the I/O half sees
    relay          one client's session, from its greeting to its end
    session        what the parts of a session share
    dialogue       the client's bytes -> one command at a time
    commands       a command line -> a command, or the reply that says what is wrong with it
    commanding     what each command asks for, and what is answered at once
    phases         what a session waits for, and for how long
    transactions   what becomes of the commands: recipients, message, verdict
    recipients     RCPT after RCPT: decided on, offered, answered in turn
    envelope       one message's sender and recipients, and the route they share
    stream         the message, by DATA or BDAT, to its verdict
    message        what may yet be said against it while it streams
    exchange       AUTH between the client and the mail server; authentication: its lines
    delivery       the way on: endpoints in turn, connections that are kept; route: where to
    hop            one upstream connection: MAIL, RCPT, DATA, BDAT as a client
    hello          its first words: greeting, EHLO, STARTTLS, XCLIENT
    steps          what passes between the two
    replies        replies to write, and a reader for an upstream's
    extensions     what an EHLO reply offers; offers: what of it we offer on
    data, chunks   the message as it streams by: ends where it says, leaves canonical
    headers        the top of that stream, looked at for loops
    loops          whether a message comes back from the scanner it was sent to
    rerouting      Received line with mark, memory of what was rerouted, rate caps
    refusals       a decision -> the reply a stranger can act on
    loglines       what the log is told
    identity       PROXY v1 and v2 headers, which tell an upstream who the client is
    preamble       the same from a load balancer; xclient: Postfix's way to say it
    client         what a client has said and proven of itself
    settings       what the operator has set; limits, content and secrecy are parts of it

The auditor's side, which asks and never sends a message:

    probe          one session with a server: MAIL and RCPT after RCPT, for many domains
    inquest        what is asked about one domain, and what was answered so far
    tape           the transcript of a session, kept as evidence
    about          what a refusal is about
    probed         what a probe has found
    auditmark      the keyed mark by which the auditor knows an mxward that is its own

Supported: HELO, EHLO, STARTTLS (RFC 3207), AUTH (4954, passed through), MAIL, RCPT, DATA, BDAT
(3030), RSET, NOOP, VRFY (252), HELP, QUIT; PIPELINING (2920) and CHUNKING always; SIZE (1870),
8BITMIME (6152), BINARYMIME, SMTPUTF8 (6531), DSN (3461), ENHANCEDSTATUSCODES (2034) and LIMITS
(9422) as the mail server offers them. Not supported, and not offered: EXPN, ETRN, TURN; XCLIENT and
XFORWARD from clients.
"""


class ProtocolError(Exception):
    """The peer broke the protocol; its text is fit for a log. The only error the readers raise."""
