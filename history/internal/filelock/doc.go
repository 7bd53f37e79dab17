// Package filelock locks files between processes, also those of other machines
// that share the folder.
//
// It promises that a lock ends with its process, in whichever way that ends:
// it is the kernel's. Closing the file gives it up.
//
// The trap: a lock is one of an opened file, so two that are opened in one
// process keep each other out, too.
package filelock
