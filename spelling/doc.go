// Package spelling finds, for a name that nobody knows, the known ones that
// may have been meant. Messages about commands, settings and rules use it.
//
// It promises the same answer for the same names in the same order. The trap:
// names are compared by bytes, so a letter outside ASCII counts as several.
package spelling
