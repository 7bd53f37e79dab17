package api

import "flag"

// update has golden files written anew.
var update = flag.Bool("update", false, "write testdata anew")
