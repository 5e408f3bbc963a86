"""A real SMTP server (aiosmtpd) for the tests, with the moods of real servers.

It prints "ready PORT" and then serves until its standard input ends. What it takes over it writes to the journal, one
JSON object a line, before it answers "250": the journal is what the server has acknowledged or is about to.

The recipient's name decides its mood, as far as it begins with one of these words:

  nobody   550 5.1.1 to RCPT
  grey     451 to the first RCPT for that address
  later    451 to the first text for that address
  spam     554 5.7.1 to the text
  drop     ends the connection in order after the first text, without an answer and without taking it over
  break    takes the text over and breaks the connection without an answer
  slow     takes the text over and answers after five seconds
"""

import argparse
import asyncio
import json
import os
import random
import socket
import ssl
import struct
import sys
from email import message_from_bytes

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def main():
    args = arguments()
    asyncio.run(serve(args))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", action="store_true", help="encrypted from the beginning")
    parser.add_argument("--starttls", action="store_true", help="nothing but STARTTLS in the open")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--delay", type=int, default=0, help="up to so many ms before and after taking a mail over")
    return parser.parse_args()


async def serve(args):
    tls = None
    if args.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(args.certificate, args.key)

    def authenticator(server, session, envelope, mechanism, data):
        ours = isinstance(data, LoginPassword) and (
            data.login.decode() == args.user and data.password.decode() == args.password
        )
        # What is not handled here is answered with 535.
        return AuthResult(success=ours, handled=ours, auth_data=data)

    handler = Moods(args)

    def protocol():
        return SMTP(
            handler,
            hostname="test.example",
            enable_SMTPUTF8=True,
            tls_context=tls if args.starttls else None,
            require_starttls=args.starttls,
            auth_required=bool(args.user),
            auth_require_tls=args.starttls,
            authenticator=authenticator if args.user else None,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", args.port, ssl=tls if args.tls else None)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    # Until whoever started it is gone.
    await loop.run_in_executor(None, sys.stdin.read)
    # Connections that are held open must not keep it alive.
    os._exit(0)


class Moods:
    def __init__(self, args):
        self.delay = args.delay
        self.journal = open(args.journal, "a", encoding="utf-8")
        self.seen = set()

    def first(self, what, address):
        known = (what, address) in self.seen
        self.seen.add((what, address))
        return not known

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return f"550 5.1.1 <{address}>: no such user here"
        if address.startswith("grey") and self.first("rcpt", address):
            return "451 4.7.1 Greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        await self.wait()
        if to.startswith("later") and self.first("data", to):
            return "451 4.3.0 Try again later"
        if to.startswith("spam"):
            return "554 5.7.1 This looks like spam"
        if to.startswith("drop") and self.first("data", to):
            server.transport.close()
            return "250 never sent"
        number = self.take_over(server, session, envelope)
        await self.wait()
        if to.startswith("break"):
            # With a linger time of nothing, closing resets the connection.
            raw = server.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.transport.abort()
            return "250 never sent"
        if to.startswith("slow"):
            await asyncio.sleep(5)
        if to.startswith("patience"):
            await asyncio.sleep(16)
        return f"250 2.0.0 Ok: queued as {number:06X}"

    async def wait(self):
        if self.delay:
            await asyncio.sleep(random.uniform(0, self.delay / 1000))

    def take_over(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        body = message.get_payload(decode=True).decode(message.get_content_charset() or "utf-8")
        number = random.randrange(1 << 24)
        entry = {
            "number": f"{number:06X}",
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "body": body,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        self.journal.write(json.dumps(entry) + "\n")
        self.journal.flush()
        return number


main()
