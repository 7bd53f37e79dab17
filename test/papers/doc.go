// Package papers holds the tests of what is written for people: every
// Markdown file of the repository.
//
// It promises that no line is longer than 120 characters, so that a document
// reads well in a terminal and in a review, and that a link from one document
// to another leads to a file and a heading that are there.
//
// The trap: it reads the folder and not what git tracks, so a document that
// is only lying about is checked as well.
package papers
