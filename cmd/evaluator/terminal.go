package main

import "os"

// isTerminal reports whether somebody is likely to be looking at what is
// written to w, or typing what is read from it.
func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nobody, err := os.Stat(os.DevNull) // a character device too
	return err != nil || !os.SameFile(info, nobody)
}
