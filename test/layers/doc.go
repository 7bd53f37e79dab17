// Package layers holds the test that imports point one way, from the command
// on the outside to the event on the inside.
//
// It reads source files and not build results, so files for other systems
// count too. The trap: a new package has no layer until it is given one in
// the test, and the test fails until then.
package layers
