package main

import (
	"context"
	"runtime/pprof"
)

// label makes a context under which what is measured can be found in a CPU
// profile: go tool pprof -tagfocus=incremental.
func label(measure string) context.Context {
	return pprof.WithLabels(context.Background(), pprof.Labels("measure", measure))
}

// unlabelled is everything that is not measured.
var unlabelled = context.Background()
