// Package configs carries the example segments inside the program, so that
// the demo needs no files.
//
// It promises the same files as the folder segments beside it.
//
// The trap: they are examples. The service reads segments from where its
// configuration says, never from here.
package configs

import (
	"embed"
	"io/fs"
)

//go:embed segments/*.yaml
var segments embed.FS

// Segments returns the example segment files, below the folder segments.
func Segments() fs.FS { return segments }
