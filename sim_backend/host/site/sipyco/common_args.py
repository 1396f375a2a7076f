"""Command-line arguments that all controllers share."""

import logging


def verbosity_args(parser):
    """Add -v and -q."""
    group = parser.add_argument_group("verbosity")
    for flags, word in ((("-v", "--verbose"), "more"), (("-q", "--quiet"), "less")):
        group.add_argument(
            *flags, default=0, action="count", help=f"say {word}; can be repeated"
        )


def init_logger_from_args(args):
    """Set the logging level that -v and -q ask for."""
    level = logging.WARNING + 10 * (args.quiet - args.verbose)
    logging.basicConfig(level=level, format="%(levelname)s:%(name)s:%(message)s")


def simple_network_args(parser, default_port, ssl=False):
    """Add --bind, --no-localhost-bind, -p and, on request, --ssl.

    `default_port` is a number, or (name, purpose, number) for each of several ports.
    """
    group = parser.add_argument_group("network server")
    group.add_argument(
        "--bind",
        default=[],
        action="append",
        help="also bind to this address; * is all",
    )
    group.add_argument(
        "--no-localhost-bind", action="store_true", help="do not bind to localhost"
    )
    if isinstance(default_port, int):
        group.add_argument(
            "-p",
            "--port",
            type=int,
            default=default_port,
            help="TCP port (%(default)d)",
        )
    else:
        for name, purpose, number in default_port:
            help_text = f"TCP port for {purpose} connections (%(default)d)"
            group.add_argument(
                f"--port-{name}", type=int, default=number, help=help_text
            )
    if ssl:
        names = ("CERT", "KEY", "PEER")
        group.add_argument("--ssl", nargs=3, metavar=names, help="use SSL")


def bind_address_from_args(args):
    """Return the addresses to bind to; None is all of them."""
    if "*" in args.bind:
        return None
    local = [] if args.no_localhost_bind else ["127.0.0.1", "::1"]
    return local + args.bind
