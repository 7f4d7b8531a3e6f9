# What a mail program makes of messages, as JSON: Python's email package, with its default policy.
#   read.py maildir DIRECTORY    those of a Maildir
#   read.py messages FILE...     those of files
import email
import email.policy
import email.utils
import json
import mailbox
import sys
from email.header import decode_header


def whole(text):
    """Without the halves of characters that json could not write."""
    return str(text).encode("utf-8", "replace").decode()


def decoded(name):
    parts = decode_header(name)
    return "".join(p if isinstance(p, str) else p.decode(charset or "ascii", "replace") for p, charset in parts)


def people(message, field):
    # The older half of the package: the newer leaves a space between two encoded-words of a name (CPython issue
    # 128110), where RFC 2047 section 6.2 wants none.
    pairs = email.utils.getaddresses([raw for name, raw in message.raw_items() if name == field])
    return [[decoded(name), address] for name, address in pairs]


def told(message):
    defects = [str(d) for d in message.defects]
    for name in message.keys():
        defects += [name + ": " + str(d) for d in message[name].defects]
    return {
        "fields": message.keys(),
        "from": people(message, "From"),
        "to": people(message, "To"),
        "recipients": [a.addr_spec for a in message["To"].addresses],
        "subject": whole(message["Subject"]),
        "date": message["Date"].datetime.isoformat(),
        "id": str(message["Message-ID"]),
        "body": message.get_content(),
        "defects": defects,
    }


def parse(stream):
    return email.message_from_binary_file(stream, policy=email.policy.default)


if sys.argv[1] == "maildir":
    messages = list(mailbox.Maildir(sys.argv[2], factory=parse, create=False))
    messages.sort(key=lambda message: str(message["Message-ID"]))
else:
    messages = [parse(open(name, "rb")) for name in sys.argv[2:]]
json.dump([told(m) for m in messages], sys.stdout)
