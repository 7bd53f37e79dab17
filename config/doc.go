// Package config is the configuration file: what it may say, where it is
// mistaken, and what holds where it says nothing.
//
// It promises to tell every value that can't be used at once, in the order of
// the settings and with the line each stands in. A text that is no YAML is
// refused before that with the first such place, and one that has settings
// nobody knows, or durations without a unit, with all of them. Bounds and defaults are those of the packages that the settings are
// for; this package adds what concerns several of them. Environment variables
// are put into values, and names of files are taken to be beside the file.
//
// The trap: Validate reads no files. Only Read has looked whether the
// certificates and passwords that a configuration names are there.
package config
