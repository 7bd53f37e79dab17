package main

import "muster/lookup"

// instant is a time on the command line and in what is printed, in
// milliseconds since 1970 UTC.
type instant = lookup.Instant
