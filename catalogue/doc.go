// Package catalogue keeps small tables in memory that rules look things up in:
// the products of a shop, by their SKU.
//
// A Table is made of the content of a CSV file, and is immutable. It promises
// that one content always makes the same table, that a look-up takes about the
// same time whichever key is asked for, and that what is wrong with a file is
// told with its line and what to do. It reads no file itself.
//
// The trap: what kind of values a column has follows from all of its cells, so
// one cell that is no number makes all of them texts. Who compiles rules has to
// check them against the kinds again whenever a table changes.
package catalogue
